"""How mail systems and absent people announce themselves: data, by language."""

import re

# Who writes on behalf of a mail system: the local part of an address, or its display name.
SYSTEMS = re.compile(
    r"(?:^|[<\s\"])(?:mailer-?daemon|mail-?daemon|postmaster|post_master|mail\.delivery\.system|mmdf|sysadmin)(?:@|[>\s\"]|$)"
    r"|mail(?:er)? deliver?y? (?:system|subsystem)|mail delivery|system administrator|microsoft outlook|mailer daemon",
    re.IGNORECASE,
)
# Nobody reads there, and much that is no report comes from there: a signature wanted, a parcel sent.
NO_REPLY = re.compile(r"(?:^|[<\s\"])no-?reply(?:@|[>\s\"]|$)", re.IGNORECASE)
# What such a system writes over a report.
FAILED = re.compile(
    r"undeliver|non-?deliver|not? deliver|deliver(?:y|ing)\b.{0,40}(?:fail|status|error|problem|delay)|fail(?:ure|ed)\b.{0,20}(?:notice|deliver)"
    r"|mail (?:system )?error|returned mail|return(?:ed|ing) (?:to|message)|could not (?:be )?(?:send|sent|deliver)"
    r"|error sending your mail|mail failure|delivery (?:has )?failed|warning: (?:message|could)|unzustellbar|nicht zugestellt"
    r"|zustellung fehlgeschlagen|non remis|échec de (?:la )?(?:remise|distribution)|no se (?:ha )?(?:podido )?entreg"
    r"|error de entrega|mancata consegna|recapito|onbestelbaar|niet (?:af|be)geleverd|não entregue|falha na entrega"
    r"|kunde inte levereras|olevererat|kunne ikke leveres|ikke levert|toimitus epäonnistui|niedostarcz|nedoručiteln|не доставлено"
    r"|配信できません|配送失败|退信|送信できません|メールエラー通知|エラーメール|전송 실패|반송",
    re.IGNORECASE,
)
WAITS = re.compile(
    r"\b(?:delayed|will (?:keep|continue) (?:on )?(?:try|attempt|retry)|(?:will be|being) retried|deferred for|still being retried"
    r"|warning: (?:message|could not send)|not yet been delivered|delay\))",
    re.IGNORECASE,
)
# Where the returned message begins inside a report written as one text.  Of the rest of a line its last
# visible character is looked for: blanks that may belong to either side are tried in every division.
ORIGINAL_FOLLOWS = re.compile(
    r"^[ \t]*+(?:-{2,}+.{0,60}(?:original|returned|unsent|below this line|copy of|header of|transcript of mess)(?:.{0,59}[^ \t\n])?"
    r"|.{0,30}original message(?: follows| headers?)?[.:]?|below is a copy of(?:.{0,59}[^ \t\n])?"
    r"|included is a copy of(?:.{0,59}[^ \t\n])?|={5,} original (?:.{0,39}[^ \t\n])?"
    r"|(?:received|return-path|dkim-signature)[ \t]*+:(?:.{0,997}[^ \t\n])?)[ \t]*+$",
    re.IGNORECASE | re.MULTILINE,
)
PERMANENT_LINE = re.compile(
    r"user unknown|unknown user|no such user|not (?:found|listed|exist)|does(?:n't| not) exist|mailbox|recipient|quota|full\b|rejected"
    r"|denied|blocked|refused|exceed|timed? ?out|invalid|not recognized|unroute?able",
    re.IGNORECASE,
)
# An SMTP reply with a line of its own; "550 Market Street" is none.
REFUSAL = re.compile(
    rf"^\W{{0,6}}5\d\d[ -](?:.{{0,200}}(?:{PERMANENT_LINE.pattern}|fail|\b5\.\d{{1,3}}\.\d{{1,3}}))",
    re.IGNORECASE | re.MULTILINE,
)

# What an absent person's program writes in front of, or instead of, the subject: its own words, then a colon.
REPLIES = re.compile(
    r"^\W{0,3}(?:(?:(?:out of (?:the )?office[ :-]{0,3})?auto(?:matic)?[ -]?(?:reply|response|responder|svar)|autosvar|automatisches? antwort"
    r"|automatische (?:antwort|abwesenheitsnotiz|beantwortung)|abwesenheits(?:notiz|nachricht|assistent|meldung)"
    r"|réponse automatique|message d.absence|respuesta automática|risposta automatica|automatisch antwoord|resposta automática"
    r"|automatiskt svar|automatisk svar|automaattinen vastaus|autom\. odpowiedź|automatyczna odpowiedź|odpowiedź automatyczna"
    r"|automatická odpověď|автоматический ответ|автоответ|自動応答|自動返信|不在通知|自动回复|自動回覆|자동 응답|otomatik yanıt"
    r"|automatikus válasz|răspuns automat|αυτόματη απάντηση|vacation (?:reply|response|message))\s*(?:[:：]|[-–—(]|(?:re|aw|sv)\b|$)"
    r"|auto\s?:|out of (?:the )?office\s*(?:[:：]|(?:re|aw|sv)\s*:))",
    re.IGNORECASE,
)
# The same in words a person may begin a subject with: alone they prove nothing.
AWAY = re.compile(
    r"^\W{0,3}(?:abwesend|absence du bureau|absent du bureau|fuera de (?:la )?oficina|fuori sede|fuori ufficio"
    r"|afwezig(?:heid)?|niet aanwezig|ausência temporária|fora do escritório|frånvaro|fravær|ikke til stede|poissa(?:olo)?"
    r"|poza biurem|nieobecność|mimo kancelář|нет на месте|外出|不在|부재중|ofis dışında"
    r"|out of (?:the )?office|on (?:annual )?(?:leave|vacation|holiday))",
    re.IGNORECASE,
)
