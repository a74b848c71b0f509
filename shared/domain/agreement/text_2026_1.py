"""The processing agreement, version 2026-1, in Swedish and English (GDPR article 28). It is never changed again."""

from typing import Final

SWEDISH: Final = """\
PERSONUPPGIFTSBITRÄDESAVTAL, version 2026-1

Parter. Organisationen är personuppgiftsansvarig. Den som driver tjänsten är personuppgiftsbiträde.

1. Vad det gäller. Tjänsten förmedlar meddelanden och filer mellan organisationen och identifierade personer. \
Uppgifterna är personnummer, namn och e-postadresser till personer och personal, innehållet i det som skickas, \
och loggar över vem som har gjort vad. Innehållet kan vara känsligt. Behandlingen pågår så länge organisationen \
använder tjänsten.

2. Instruktioner. Biträdet behandlar uppgifterna bara enligt detta avtal och organisationens inställningar i \
tjänsten. Ingenting används till något annat. Biträdet säger till om en instruktion strider mot lagen.

3. Tystnad. Var och en som kan komma i kontakt med uppgifterna har tystnadsplikt.

4. Säkerhet. Innehåll, namn, nummer och adresser förseglas under organisationens egna nycklar. Den som driver \
tjänsten har ingen väg i tjänsten till innehåll eller logg. Varje läsning av innehåll loggas innan den sker.

5. Underbiträden. De underbiträden som anlitas står i tjänstens register. Organisationens administratörer får \
veta om en ändring minst 30 dagar innan den gäller och kan säga nej; kan parterna då inte enas får organisationen \
säga upp avtalet. Samma skyldigheter gäller för underbiträden.

6. Plats. Uppgifterna lagras inom EU.

7. De registrerades rättigheter. Biträdet hjälper organisationen att svara den som begär tillgång, rättelse eller \
radering.

8. Incidenter. Biträdet underrättar organisationen utan onödigt dröjsmål, och senast inom 24 timmar, om en \
personuppgiftsincident, med det som behövs för organisationens egen anmälan.

9. Radering. Allt som skickas raderas när den tid har gått som organisationen har valt, senast efter 365 dagar: \
nycklarna först, med bevis. När avtalet upphör förstörs organisationens nycklar och allt innehåll blir oläsbart. \
Tjänsten är en förbindelse och inget arkiv: handlingar som ska bevaras ska finnas i organisationens egna system.

10. Granskning. Biträdet visar på begäran att avtalet följs och medverkar vid granskning.

11. Ny version. En ny version av detta avtal ska godkännas inom 30 dagar från det att administratörerna har fått \
veta om den.
"""

ENGLISH: Final = """\
DATA PROCESSING AGREEMENT, version 2026-1

Parties. The organisation is the controller. Whoever runs the service is the processor.

1. Subject. The service conveys messages and files between the organisation and identified persons. The data are \
personal numbers, names and mail addresses of persons and staff, the content of what is sent, and logs of who has \
done what. Content may be sensitive. The processing lasts as long as the organisation uses the service.

2. Instructions. The processor processes the data only under this agreement and the organisation's settings in \
the service. Nothing is used for anything else. The processor says so when an instruction breaks the law.

3. Confidentiality. Everybody who may come into contact with the data is bound to silence.

4. Security. Content, names, numbers and addresses are sealed under the organisation's own keys. Whoever runs the \
service has no way in the service to content or log. Every reading of content is logged before it happens.

5. Sub-processors. Those that are engaged stand in the service's register. The organisation's admins are told of \
a change at least 30 days before it takes effect and may object; if the parties then cannot agree, the \
organisation may end the agreement. The same duties hold for sub-processors.

6. Place. The data are stored inside the EU.

7. Rights of data subjects. The processor helps the organisation to answer whoever asks for access, correction or \
erasure.

8. Breaches. The processor tells the organisation of a personal data breach without undue delay, and within 24 \
hours, with what the organisation needs for its own notification.

9. Erasure. All that is sent is erased when the time has passed that the organisation chose, after 365 days at \
the latest: keys first, with proof. When the agreement ends, the organisation's keys are destroyed and all \
content becomes unreadable. The service is a link and no archive: documents that have to be kept must be in the \
organisation's own systems.

10. Audit. On request the processor shows that the agreement is kept, and takes part in audits.

11. New versions. A new version of this agreement is to be accepted within 30 days after the admins were told of \
it.
"""
