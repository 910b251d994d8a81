"""How mail programs introduce what they quote, and how people close a letter: data, by language.

en de fr es it nl pt sv da no fi pl cs ru uk ja zh ko tr hu ro el, partly ar he hi.  The words are those the programs
themselves write (Gmail, Outlook, Apple Mail, Thunderbird, Yahoo and the apps of telephones).
"""

# "On Tuesday Ada wrote:", the verb: words of their own, and what is found inside a run of characters.
WROTE = frozenset(
    "wrote writes schrieb geschrieben écrit ecrit escribió escribio scritto scrive schreef geschreven escreveu skrev "
    "skreiv kirjoitti napisał napisała napsal napsala написал написала пишет написав пише yazdı írta scris έγραψε".split()
)
# After these comes the name; elsewhere the verb is the last word.
NAME_FOLLOWS = frozenset({"schrieb", "schreef", "skrev", "skreiv"})
# Beside the verb: no program says of the writer that he wrote.  "Nous avons écrit", "schrieb ich".
OURSELVES = frozenset("i we ich wir nous avons ai abbiamo ho ik wij jag vi jeg ja já я мы мной".split())
MEANWHILE = frozenset(
    "also already then just once have had had's auch schon aussi déjà anche già ook också også".split()
)
# Said of somebody whose words follow, marked: without marks it may be a story.
SAID = frozenset(
    "said says sagte dit dijo disse zei sade sagde sa sanoi powiedział powiedziała řekl řekla сказал сказала".split()
)
WROTE_WITHIN = ("写道", "寫道", "写到", "のメール", "書きました", "님이 작성", "님이 다음을 작성")
# How such a line begins, before its date.
ON = (
    r"On|Am|Le|El|Il|Op|Em|No dia|A|Den|På|W dniu|Dne|Dnia|W|On the|Il giorno|Em qua|Em|Ter|La|Pe|Pada|Στις|Tarih"
    r"|mån|tis|ons|tors|fre|lör|sön|man|tir|tor|lør|søn|ma|ti|ke|to|pe|la|su|po|út|st|čt|pá|so|ne"
    r"|пн|вт|ср|чт|пт|сб|вс|нд|Mon|Tue|Wed|Thu|Fri|Sat|Sun"
)

# What stands between dashes above a quoted or forwarded message.
ORIGINAL = (
    r"original(?: message)?|original appointment|reply message|forwarded message|forwarded by .{1,80}"
    r"|ursprüngliche (?:nachricht|mail)|originalnachricht|weitergeleitete nachricht|original-?nachricht"
    r"|message d.origine|message original|message initial|message transféré|message transmis|mail original"
    r"|mensaje original|mensaje reenviado|messaggio originale|messaggio inoltrato"
    r"|oorspronkelijk bericht|doorgestuurd bericht|mensagem original|mensagem encaminhada"
    r"|original ?meddelande|originalmeddelande|ursprungligt meddelande|vidarebefordrat meddelande"
    r"|oprindelig meddelelse|videresendt meddelelse|opprinnelig melding|videresendt melding"
    r"|alkuperäinen viesti|välitetty viesti|wiadomość oryginalna|oryginalna wiadomość|wiadomość przekazana"
    r"|původní (?:zpráva|e-mail)|přeposlaná zpráva|исходное сообщение|оригинальное сообщение|пересылаемое сообщение"
    r"|元のメッセージ|original message from .{1,80}|转发的邮件|原始邮件|原邮件|轉寄的郵件|原始郵件|원본 메시지|전달된 메시지"
    r"|özgün ileti|orijinal mesaj|eredeti üzenet|mesaj original|αρχικό μήνυμα"
)
BEGIN = (
    r"begin forwarded message|anfang der weitergeleiteten nachricht|début du message réexpédié|début du message transféré"
    r"|inicio del mensaje reenviado|inizio messaggio inoltrato|begin doorgestuurd bericht|início da mensagem encaminhada"
    r"|vidarebefordrat brev|start på videresendt besked|videresendt melding|välitetty viesti alkaa"
    r"|początek wiadomości przekazanej|начало переадресованного сообщения|転送されたメッセージ|以下是转发的邮件|전달된 메시지"
)

# The head that Outlook, and whoever imitates it, writes above what it quotes.
FIELDS: dict[str, str] = {
    "from": (
        "from|von|de|da|van|od|от|від|fra|från|lähettäjä|差出人|送信者|发件人|寄件者|寄件人|보낸 사람|보낸사람|kimden"
        "|gönderen|feladó|expéditeur|remitente|mittente|de la|από"
    ),
    "date": (
        "sent|date|gesendet|datum|envoyé|envoye|enviado|enviado el|enviado em|enviada|enviada em|fecha|inviato|data|verzonden"
        "|skickat|sendt|dato|lähetetty|päivämäärä|päiväys|wysłano|odesláno|отправлено|дата|送信日時|送信|日時|日付"
        "|发送时间|日期|寄件日期|時間|时间|보낸 날짜|날짜|gönderildi|tarih|küldve|dátum|trimis|ημερομηνία"
    ),
    "to": (
        "to|an|à|a|para|per|aan|till|til|vastaanottaja|do|komu|кому|宛先|收件人|收件者|받는 사람|받는사람|kime|címzett"
        "|destinataire|destinatario|către|προς"
    ),
    "cc": "cc|kopie|copie à|copia|kopia|kopi|kopio|dw|копия|副本|抄送|参照|참조|bilgi|másolat|κοιν",
    "subject": (
        "subject|betreff|objet|asunto|oggetto|onderwerp|assunto|ämne|emne|aihe|temat|předmět|тема|件名|主题|主旨"
        "|主題|제목|konu|tárgy|subiect|θέμα"
    ),
}

# The last line of a letter written on a telephone, whole.
MOBILE = (
    r"sent from [^\s,.!?:;]+(?: [^\s,.!?:;]+){0,6}|sent (?:via|with|using) [^,!?]{0,30}(?:app|mail|phone|android|sparrow"
    r"|outlook|superhuman|mixmax|spark|blackberry)\b[^,!?]{0,30}|get outlook for (?:ios|android|mac)"
    r"|von meinem .{1,40} gesendet|gesendet (?:von|mit|aus|über) .{1,50}|diese nachricht wurde von meinem .{1,60} gesendet"
    r"|envoyé (?:de|depuis|à partir de) .{1,50}|enviado (?:desde|de|do|con|a partir d[eo]) .{1,50}"
    r"|inviato (?:da|dal|con) .{1,50}|verstuurd vanaf .{1,50}|verzonden (?:vanaf|met|via) .{1,50}|skickat från .{1,50}"
    r"|sendt (?:fra|via) .{1,50}|lähetetty .{1,50}(?:sta|stä|lla|llä)|wysłane? z .{1,50}|odesláno z .{1,50}"
    r"|отправлено (?:с|из) .{1,50}|надіслано з .{1,50}|.{1,20}から送信|发自我的.{1,20}|發自我的.{1,20}|從我的.{1,20}傳送"
    r"|나의 .{1,20}에서 보냄|.{1,20}에서 보냄|.{1,30}'?(?:den|dan|ımdan|imden) gönderildi|trimis de pe .{1,30}"
    r"|στάλθηκε από .{1,30}|.{1,30} készülékemről küldve"
)


def folded(line: str) -> str:
    """Return a line as it is compared: no case (of i and İ either), single spaces, no punctuation around."""
    return " ".join(line.casefold().replace("\u0307", "").split()).strip(" .!。")


# How a letter is closed: the whole line, its punctuation apart, perhaps with a name behind a comma.
CLOSINGS = frozenset(
    folded(phrase)
    for phrase in (
        "best|best regards|with best regards|kind regards|with kind regards|kindest regards|warm regards|warmest regards"
        "|regards|with regards|many regards|best wishes|with best wishes|kind wishes|warm wishes|all the best|cheers|sincerely"
        "|sincerely yours|yours sincerely|yours faithfully|yours truly|yours|thank you|thanks|many thanks|thanks again|best thanks"
        "|thanks and regards|thanks & regards|with thanks|speak soon|talk soon|respectfully|cordially"
        "|mit freundlichen grüßen|mit freundlichen grüssen|freundliche grüße|freundliche grüsse|mit freundlichem gruß"
        "|mit besten grüßen|beste grüße|beste grüsse|viele grüße|viele grüsse|liebe grüße|liebe grüsse|herzliche grüße"
        "|herzliche grüsse|mit herzlichen grüßen|schöne grüße|besten dank|vielen dank|gruß|gruss|grüße|grüsse|mfg|vg|lg|bg"
        "|hochachtungsvoll"
        "|cordialement|bien cordialement|bien à vous|bien à toi|sincèrement|très sincèrement|meilleures salutations"
        "|sincères salutations|salutations distinguées|amicalement|à bientôt|respectueusement|merci d'avance|bonne journée"
        "|saludos|un saludo|cordiales saludos|saludos cordiales|un cordial saludo|un saludo cordial|atentamente|atte|un abrazo"
        "|abrazos|muchas gracias|cordialmente"
        "|cordiali saluti|distinti saluti|un caro saluto|cari saluti|un cordiale saluto|saluti|un saluto|buon lavoro|a presto"
        "|grazie mille|cordialmente"
        "|met vriendelijke groet|met vriendelijke groeten|vriendelijke groet|vriendelijke groeten|hartelijke groet"
        "|hartelijke groeten|met hartelijke groet|groet|groeten|mvg|hoogachtend"
        "|atenciosamente|cumprimentos|com os melhores cumprimentos|melhores cumprimentos|um abraço|abraço|abraços|abs|att"
        "|saudações|obrigado|obrigada"
        "|med vänlig hälsning|med vänliga hälsningar|vänlig hälsning|vänliga hälsningar|hälsning|hälsningar|mvh|allt gott|bästa hälsningar"
        "|med venlig hilsen|med vennlig hilsen|venlig hilsen|vennlig hilsen|de bedste hilsner|bedste hilsner|hilsen|mvh|vh|beste hilsen"
        "|ystävällisin terveisin|parhain terveisin|terveisin|terv|yt|kunnioittaen"
        "|z poważaniem|z wyrazami szacunku|pozdrawiam|serdecznie pozdrawiam|pozdrawiam serdecznie|z pozdrowieniami|łączę pozdrowienia"
        "|s pozdravem|se srdečným pozdravem|pozdravem|srdečně|s úctou|hezký den"
        "|с уважением|с наилучшими пожеланиями|всего доброго|всего хорошего|искренне ваш|искренне ваша|до встречи"
        "|з повагою|щиро ваш|щиро ваша|щиро ваші|усього найкращого|з найкращими побажаннями"
        "|よろしくお願いします|よろしくお願いいたします|よろしくお願い致します|どうぞよろしくお願いいたします|どうぞよろしくお願い致します"
        "|よろしくお願い申し上げます|宜しくお願い致します|宜しくお願いいたします|以上|敬具|取り急ぎ"
        "|此致|敬礼|此致敬礼|祝好|顺祝商祺|顺颂商祺|谢谢|致礼|順頌商祺|敬上|此致敬禮"
        "|감사합니다|고맙습니다|안녕히 계십시오|드림|올림|안녕히 계세요"
        "|saygılarımla|saygılarımızla|iyi çalışmalar|selamlar|sevgiler|teşekkürler|iyi günler"
        "|üdvözlettel|tisztelettel|köszönettel|cu stimă|cu respect|toate cele bune"
        "|με εκτίμηση|με φιλικούς χαιρετισμούς|φιλικούς χαιρετισμούς|θερμούς χαιρετισμούς|φιλικά"
        "|בברכה|בברכה חמה|בברכת חברים|כל טוב|תודה|תודה רבה|בכבוד רב|שלך|שלכם"
        "|مع خالص التحية|أطيب التحيات|مع أطيب التحيات|تحياتي|وتفضلوا بقبول فائق الاحترام|مع التحية|خالص التحيات|شكرا|شكرًا"
        "|सादर|धन्यवाद|धन्यवाद सहित|शुभकामनाओं सहित|भवदीय|आपका|आपकी"
    ).split("|")
)
