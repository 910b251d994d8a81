"""Domains at which anybody can have an address: they say nothing about whose mail it is."""

import re

# The big ones have a domain in every country.  A country's code that is sold as a word is none: gmx.io is
# a firm's.
NATIONAL = re.compile(
    r"(?:aol|gmail|gmx|googlemail|hotmail|live|msn|outlook|protonmail|rediffmail|rocketmail|tutanota|yahoo|yandex"
    r"|ymail)"
    r"\.(?:(?:com?|net?|org?)\.)?(?!(?:ac|ai|am|cc|co|fm|gg|io|is|la|ly|me|sh|so|st|to|tv|vc|ws)\Z)[a-z]{2}"
)

FREE_MAIL = frozenset(
    (  # words in a row: a line for each would be pages
        # everywhere
        "gmail.com googlemail.com gmail.co outlook.com hotmail.com live.com msn.com passport.com "
        "windowslive.com yahoo.com ymail.com rocketmail.com myyahoo.com aol.com aim.com love.com "
        "netscape.net icloud.com me.com mac.com privaterelay.appleid.com proton.me protonmail.com pm.me "
        "fastmail.com fastmail.fm fastmail.net fastmail.org messagingengine.com hey.com zoho.com "
        "zohomail.com zohomail.eu zohomail.in mail.com email.com usa.com europe.com post.com "
        "consultant.com engineer.com myself.com iname.com writeme.com dr.com usa.net gmx.com gmx.net "
        "gmx.org gmx.info gmx.biz gmx.name tutanota.com tutamail.com tuta.com tuta.io tuta.me keemail.me "
        "hushmail.com hushmail.me hush.com hush.ai duck.com simplelogin.com simplelogin.co simplelogin.io "
        "slmail.me slmails.com aleeas.com anonaddy.com anonaddy.me addy.io mozmail.com relay.firefox.com "
        "runbox.com mailfence.com startmail.com disroot.org riseup.net autistici.org inventati.org cock.li "
        "kolabnow.com countermail.com ctemplar.com skiff.com onmail.com inbox.com lycos.com excite.com "
        "juno.com netzero.net netzero.com bigfoot.com rediff.com rediffmail.com indiatimes.com sify.com "
        "lavabit.com opayq.com pobox.com googlegroups.com yahoogroups.com groups.io freelists.org "
        # one-time addresses
        "mailinator.com guerrillamail.com guerrillamail.net guerrillamail.org sharklasers.com "
        "10minutemail.com tempmail.com temp-mail.org yopmail.com yopmail.fr trashmail.com trashmail.de "
        "mail.tm dispostable.com maildrop.cc getnada.com mailnesia.com spamgourmet.com throwawaymail.com "
        "fakeinbox.com mintemail.com "
        # German
        "web.de t-online.de freenet.de arcor.de posteo.de posteo.net mailbox.org mail.de email.de "
        "online.de vodafone.de vodafonemail.de kabelmail.de unitybox.de unity-mail.de netcologne.de "
        "ewetel.net ewe.net versanet.de osnanet.de directbox.com directbox.de emailn.de onlinehome.de "
        "aon.at chello.at utanet.at liwest.at inode.at tele2.at bluewin.ch bluemail.ch hispeed.ch "
        "sunrise.ch swissonline.ch vtxmail.ch "
        # French, Italian, Spanish, Portuguese
        "orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr cegetel.net club-internet.fr "
        "libertysurf.fr bbox.fr numericable.fr noos.fr aliceadsl.fr voila.fr caramail.com libero.it "
        "virgilio.it tiscali.it alice.it tin.it tim.it inwind.it iol.it blu.it email.it fastwebnet.it "
        "pec.it legalmail.it vodafone.it tiscalinet.it telefonica.net terra.es ono.com ya.com wanadoo.es "
        "orange.es sapo.pt mail.pt clix.pt iol.pt netcabo.pt uol.com.br bol.com.br terra.com.br ig.com.br "
        "globo.com globomail.com oi.com.br r7.com zipmail.com.br prodigy.net.mx terra.com.mx "
        # British, Irish, Dutch, Belgian, Nordic
        "btinternet.com btopenworld.com talktalk.net talk21.com sky.com virginmedia.com ntlworld.com "
        "blueyonder.co.uk tiscali.co.uk plus.net plusnet.com fsmail.net freeserve.co.uk lineone.net "
        "o2.co.uk orange.net mail.co.uk eircom.net iol.ie vodafone.ie ziggo.nl xs4all.nl kpnmail.nl "
        "kpnplanet.nl planet.nl home.nl hetnet.nl casema.nl chello.nl upcmail.nl quicknet.nl zonnet.nl "
        "tele2.nl caiway.nl solcon.nl telfort.nl online.nl skynet.be telenet.be scarlet.be proximus.be "
        "belgacom.net voo.be pt.lu telia.com bredband.net bredband2.com comhem.se tele2.se spray.se "
        "swipnet.se home.se online.no broadpark.no getmail.no lyse.net mail.dk jubii.dk stofanet.dk "
        "tdcadsl.dk youmail.dk ofir.dk kolumbus.fi elisanet.fi saunalahti.fi pp.inet.fi luukku.com "
        "suomi24.fi simnet.is "
        # East of them
        "mail.ru bk.ru inbox.ru list.ru internet.ru rambler.ru lenta.ru ro.ru ya.ru yandex.com ukr.net "
        "i.ua bigmir.net meta.ua tut.by seznam.cz centrum.cz email.cz post.cz volny.cz atlas.cz azet.sk "
        "centrum.sk zoznam.sk wp.pl o2.pl onet.pl onet.eu op.pl poczta.onet.pl interia.pl interia.eu "
        "poczta.fm gazeta.pl tlen.pl vp.pl freemail.hu citromail.hu t-online.hu indamail.hu abv.bg mail.bg "
        "dir.bg siol.net net.hr inet.hr inbox.lv inbox.lt inbox.eu delfi.lv mail.ee hot.ee one.lt takas.lt "
        "otenet.gr forthnet.gr in.gr mynet.com superonline.com ttmail.com turk.net walla.co.il walla.com "
        "netvision.net.il bezeqint.net 013net.net zahav.net.il "
        # Asia, Pacific
        "qq.com foxmail.com 163.com 126.com 188.com yeah.net 139.com 189.cn wo.cn sina.com sina.cn "
        "sohu.com tom.com 21cn.com aliyun.com icloud.com.cn naver.com daum.net hanmail.net nate.com "
        "kakao.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp i.softbank.jp nifty.com biglobe.ne.jp ocn.ne.jp "
        "so-net.ne.jp plala.or.jp dion.ne.jp goo.jp excite.co.jp infoseek.jp hinet.net pchome.com.tw "
        "seed.net.tw netvigator.com hkbn.net singnet.com.sg starhub.net.sg pacific.net.sg streamyx.com "
        "bigpond.com bigpond.net.au optusnet.com.au iinet.net.au internode.on.net tpg.com.au dodo.com.au "
        "westnet.com.au xtra.co.nz slingshot.co.nz mweb.co.za telkomsa.net webmail.co.za vodamail.co.za "
        # North America's providers
        "comcast.net verizon.net att.net sbcglobal.net bellsouth.net ameritech.net pacbell.net swbell.net "
        "flash.net prodigy.net cox.net charter.net spectrum.net roadrunner.com rr.com twc.com "
        "optonline.net optimum.net earthlink.net mindspring.com windstream.net frontier.com "
        "frontiernet.net centurylink.net centurytel.net embarqmail.com q.com qwest.net cableone.net "
        "suddenlink.net mediacombb.net wowway.com rcn.com tds.net peoplepc.com compuserve.com cs.com "
        "wmconnect.com shaw.ca rogers.com sympatico.ca bell.net telus.net videotron.ca cogeco.ca "
        "eastlink.ca sasktel.net mts.net nb.sympatico.ca "
    ).split()
)

# Here every name below is a firm's own, and the domain itself is nobody's.
TENANTS = frozenset({"onmicrosoft.com"})


def is_free_mail(domain: str) -> bool:
    """Whether *domain* (not one below it) gives addresses to anybody."""
    return domain in FREE_MAIL or NATIONAL.fullmatch(domain) is not None
