"""How mail systems and absent people announce themselves: data, by language."""

import re

# Who writes on behalf of a mail system: the local part of an address, or its display name.
SYSTEMS = re.compile(
    r"(?:^|[<\s\"])(?:mailer-?daemon|mail-?daemon|postmaster|post_master|mail\.delivery\.system|mmdf|sysadmin|no-?reply)(?:@|[>\s\"]|$)"
    r"|mail(?:er)? deliver?y? (?:system|subsystem)|mail delivery|system administrator|microsoft outlook|mailer daemon",
    re.IGNORECASE,
)
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
# An SMTP reply with a line of its own.
REFUSAL = re.compile(r"^\W{0,6}5\d\d[ -]", re.MULTILINE)
WAITS = re.compile(
    r"\b(?:delayed|will (?:keep|continue) (?:on )?(?:try|attempt|retry)|(?:will be|being) retried|deferred for|still being retried"
    r"|warning: (?:message|could not send)|not yet been delivered|delay\))",
    re.IGNORECASE,
)
# Where the returned message begins inside a report written as one text.
ORIGINAL_FOLLOWS = re.compile(
    r"^[ \t]*(?:-{2,}.{0,60}(?:original|returned|unsent|below this line|copy of|header of|transcript of mess).{0,60}|.{0,30}original message(?: follows| headers?)?[.:]?"
    r"|below is a copy of.{0,60}|included is a copy of.{0,60}|={5,} original .{0,40}|(?:received|return-path|dkim-signature)[ \t]*:.{0,998})[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
PERMANENT_LINE = re.compile(
    r"user unknown|unknown user|no such user|not (?:found|listed|exist)|does(?:n't| not) exist|mailbox|recipient|quota|full\b|rejected"
    r"|denied|blocked|refused|exceed|timed? ?out|invalid|not recognized|unroute?able",
    re.IGNORECASE,
)

# What an absent person's program writes in front of, or instead of, the subject.
AWAY = re.compile(
    r"^\W{0,3}(?:auto(?:matic)?[ -]?(?:reply|response|responder|svar)|auto:|autoreply|autosvar|automatisches? antwort"
    r"|automatische (?:antwort|abwesenheitsnotiz|beantwortung)|abwesenheits(?:notiz|nachricht|assistent|meldung)|abwesend"
    r"|réponse automatique|message d.absence|absence du bureau|absent du bureau|respuesta automática|fuera de (?:la )?oficina"
    r"|risposta automatica|fuori sede|fuori ufficio|automatisch antwoord|afwezig(?:heid)?|niet aanwezig|resposta automática"
    r"|ausência temporária|fora do escritório|automatiskt svar|autosvar|frånvaro|automatisk svar|fravær|ikke til stede"
    r"|automaattinen vastaus|poissa(?:olo)?|autom\. odpowiedź|automatyczna odpowiedź|odpowiedź automatyczna|poza biurem"
    r"|nieobecność|automatická odpověď|mimo kancelář|автоматический ответ|автоответ|нет на месте|自動応答|自動返信|不在通知"
    r"|自动回复|自動回覆|外出|자동 응답|부재중|otomatik yanıt|ofis dışında|automatikus válasz|răspuns automat|αυτόματη απάντηση"
    r"|out of (?:the )?office|on (?:annual )?(?:leave|vacation|holiday)|vacation (?:reply|response))",
    re.IGNORECASE,
)
