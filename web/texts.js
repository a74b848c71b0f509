/** Every text of the portal, Swedish first and English second, and the language in use. */

/** A JSON literal, so that tests read it without running it. `{name}` is replaced by an argument. */
const TEXTS = {
  "service": ["Private Identity Control", "Private Identity Control"],
  "skip": ["Hoppa till innehållet", "Skip to the content"],
  "language.other": ["English", "Svenska"],
  "signed-in-as": ["Inloggad som {name}", "Signed in as {name}"],
  "sign-out": ["Logga ut", "Sign out"],
  "signed-out": ["Du är utloggad.", "You are signed out."],
  "loading": ["Hämtar …", "Loading …"],
  "loading.failed": ["Sidan kunde inte visas", "The page could not be shown"],
  "try-again": ["Försök igen", "Try again"],
  "cancel": ["Avbryt", "Cancel"],
  "page-unknown": ["Sidan finns inte", "There is no such page"],
  "page-unknown.text": ["Adressen leder ingenstans. Gå till startsidan.", "The address leads nowhere. Go to the start page."],
  "sign-in-again": ["Logga in med en annan e-legitimation", "Sign in with another e-ID"],
  "to-start": ["Till startsidan", "To the start page"],
  "leave.title": ["Lämna sidan?", "Leave the page?"],
  "leave.text": ["Det du har skrivit är inte skickat och försvinner.", "What you have written is not sent and will be lost."],
  "leave.confirm": ["Lämna sidan", "Leave the page"],
  "stay": ["Stanna kvar", "Stay"],

  "footer.channel": ["Tjänsten är en förbindelse mellan er, inte ett arkiv. Allt raderas automatiskt.", "The service is a channel between you, not an archive. Everything is deleted automatically."],
  "footer.accessibility": ["Tillgänglighet", "Accessibility"],

  "start.title": ["Säkra meddelanden", "Secure messages"],
  "start.lead": ["Här delar en organisation och en person meddelanden och filer med varandra. Bara den som meddelandet är till kan läsa det, efter att ha visat vem hen är.", "Here an organisation and a person share messages and files. Only the person a message is for can read it, after showing who they are."],
  "start.person.title": ["Jag har fått ett meddelande", "I have received a message"],
  "start.person.text": ["Logga in med e-legitimation för att läsa och svara. Du behöver inget konto.", "Sign in with an e-ID to read and answer. You need no account."],
  "start.person.action": ["Logga in med BankID", "Sign in with BankID"],
  "start.staff.title": ["Jag arbetar här", "I work here"],
  "start.staff.text": ["För dig som skickar meddelanden för en organisation.", "For you who send messages on behalf of an organisation."],
  "start.staff.action": ["Logga in som medarbetare", "Sign in as staff"],
  "start.warning": ["Har någon ringt eller skrivit och bett dig logga in? Avbryt. Vi ber dig aldrig om koder eller lösenord.", "Has someone called or written and asked you to sign in? Stop. We never ask you for codes or passwords."],

  "ended.idle": ["Du har loggats ut, eftersom sidan inte har använts på en stund. Logga in igen för att fortsätta.", "You were signed out because the page was not used for a while. Sign in again to continue."],
  "idle.title": ["Är du kvar?", "Are you still there?"],
  "idle.text": ["Du loggas snart ut, eftersom sidan inte har använts på en stund. Det du har skrivit men inte skickat försvinner då.", "You will soon be signed out because the page has not been used for a while. What you have written but not sent will then be lost."],
  "idle.stay": ["Fortsätt vara inloggad", "Stay signed in"],

  "bankid.title": ["Logga in med BankID", "Sign in with BankID"],
  "bankid.where": ["Vill du använda BankID på den här enheten eller på en annan enhet?", "Do you want to use BankID on this device or another device?"],
  "bankid.where.computer": ["Vill du använda BankID på den här datorn eller ett Mobilt BankID?", "Would you like to use BankID on this computer, or a Mobile BankID?"],
  "bankid.here": ["Öppna BankID på den här enheten", "Open BankID on this device"],
  "bankid.here.computer": ["BankID på den här datorn", "BankID on this computer"],
  "bankid.there": ["Mobilt BankID med QR-kod", "Mobile BankID with a QR code"],
  "bankid.here.text": ["BankID-appen öppnas. När du har skrivit in din säkerhetskod kommer du tillbaka hit. Händer ingenting, tryck på knappen.", "The BankID app opens. When you have entered your security code you come back here. If nothing happens, press the button."],
  "bankid.open": ["Öppna BankID", "Open BankID"],
  "bankid.steps.1": ["Starta BankID-appen i telefonen.", "Start the BankID app on your phone."],
  "bankid.steps.2": ["Tryck på ”Läs av QR-kod” och rikta kameran mot koden.", "Tap “Scan QR code” and point the camera at the code."],
  "bankid.steps.3": ["Kontrollera vad du loggar in på och skriv in din säkerhetskod.", "Check what you are signing in to and enter your security code."],
  "bankid.starting": ["Startar inloggningen …", "Starting the sign-in …"],
  "bankid.qr": ["QR-kod att läsa av med BankID-appen. Den byts varje sekund.", "QR code to scan with the BankID app. It changes every second."],
  "bankid.failed": ["Inloggningen blev inte av", "The sign-in did not succeed"],
  "bankid.busy": ["En identifiering eller underskrift pågår redan för ditt personnummer. Försök igen.", "An identification or signature is already in progress for your personal identity number. Please try again."],
  "bankid.broken": ["Något gick fel. Försök igen.", "Something went wrong. Please try again."],
  "bankid.done": ["Du är inloggad.", "You are signed in."],
  "bankid.contact": ["Ingen kontakt just nu. Vi försöker igen …", "No contact right now. We are trying again …"],

  "return.checking": ["Kontrollerar inloggningen …", "Checking the sign-in …"],
  "return.sent": ["Började du inte själv? Då kan någon ha skickat dig en länk för att logga in i ditt namn. Ingen har loggats in. Börja aldrig om för att någon ber dig.", "Did you not begin yourself? Then somebody may have sent you a link in order to sign in as you. Nobody was signed in. Never start again because someone asks you to."],

  "start.broker": ["Logga in med {name}", "Sign in with {name}"],
  "broker.cancelled": ["Inloggningen avbröts.", "The sign-in was cancelled."],
  "broker.not-possible": ["Det gick inte att logga in så som tjänsten kräver. Försök igen, eller använd en annan e-legitimation.", "The sign-in could not be done the way the service asks for. Try again, or use another e-ID."],
  "broker.try-later": ["Inloggningstjänsten svarar inte just nu. Försök igen om en stund.", "The sign-in service does not answer right now. Try again in a while."],
  "broker.failed": ["Något gick fel. Försök igen.", "Something went wrong. Please try again."],
  "broker.refused": ["Inloggningen nekades av säkerhetsskäl. Försök igen.", "The sign-in was refused for reasons of security. Try again."],
  "broker.other-browser": ["Fortsätt i den webbläsare där du började. Härifrån går det inte att logga in.", "Go on in the browser where you began. You cannot sign in from here."],

  "sessions.link": ["Dina inloggningar", "Your sign-ins"],
  "sessions.title": ["Dina inloggningar", "Your sign-ins"],
  "sessions.lead": ["Här är du inloggad just nu. Känner du inte igen en inloggning, avsluta den.", "This is where you are signed in right now. If you do not recognise a sign-in, end it."],
  "sessions.device": ["{browser} på {system}", "{browser} on {system}"],
  "sessions.device.unknown": ["Okänd enhet", "Unknown device"],
  "sessions.current": ["Den här webbläsaren", "This browser"],
  "sessions.created": ["Inloggad", "Signed in"],
  "sessions.seen": ["Senast använd", "Last used"],
  "sessions.end": ["Avsluta", "End"],
  "sessions.end.name": ["Avsluta {device}, inloggad {when}", "End {device}, signed in {when}"],
  "sessions.ended": ["Inloggningen är avslutad.", "The sign-in has been ended."],
  "sessions.everywhere": ["Logga ut överallt", "Sign out everywhere"],
  "sessions.everywhere.title": ["Logga ut överallt?", "Sign out everywhere?"],
  "sessions.everywhere.text": ["Alla dina inloggningar avslutas, även den här. Det du har skrivit men inte skickat försvinner.", "All your sign-ins end, this one too. What you have written but not sent will be lost."],

  "staff.title": ["Logga in som medarbetare", "Sign in as staff"],
  "staff.address": ["E-postadress", "Mail address"],
  "staff.password": ["Lösenord", "Password"],
  "staff.action": ["Logga in", "Sign in"],
  "staff.address.missing": ["Skriv din e-postadress.", "Enter your mail address."],
  "staff.password.missing": ["Skriv ditt lösenord.", "Enter your password."],

  "inbox.title": ["Dina meddelanden", "Your messages"],
  "inbox.empty": ["Det finns inga meddelanden till dig just nu.", "There are no messages for you right now."],
  "inbox.empty.text": ["Det som har raderats, eller vars tid har gått ut, visas inte längre.", "What has been deleted, or whose time has run out, is no longer shown."],
  "list.locked": ["Kräver en e-legitimation med högre tillitsnivå", "Needs an e-ID of a higher level of assurance"],
  "list.locked.text": ["Logga in med en sådan för att läsa.", "Sign in with one to read."],
  "list.from": ["Från", "From"],
  "list.to": ["Till", "To"],
  "list.created": ["Skapad", "Created"],
  "list.expires": ["Raderas senast", "Deleted no later than"],
  "unit.title": ["Trådar", "Threads"],
  "unit.choose": ["Enhet", "Unit"],
  "unit.new": ["Ny tråd", "New thread"],
  "unit.empty": ["Enheten har inga trådar ännu.", "The unit has no threads yet."],
  "unit.empty.text": ["Börja med en ny tråd för att skicka ett meddelande till en person.", "Begin with a new thread to send a message to a person."],
  "unit.none": ["Du hör inte till någon enhet. Be den som ansvarar för tjänsten i din organisation att lägga till dig.", "You belong to no unit. Ask whoever is responsible for the service in your organisation to add you."],
  "unit.auditor": ["Som granskare ser du inget innehåll i tjänsten.", "As an auditor you see no content in the service."],

  "thread.back.person": ["Till dina meddelanden", "To your messages"],
  "thread.back.staff": ["Till enhetens trådar", "To the unit's threads"],
  "thread.from": ["Från", "From"],
  "thread.unit": ["Enhet", "Unit"],
  "thread.persons": ["Personer", "Persons"],
  "thread.expires": ["Allt i tråden raderas senast", "Everything in the thread is deleted no later than"],
  "thread.messages": ["Meddelanden", "Messages"],
  "thread.empty": ["Här finns inga meddelanden.", "There are no messages here."],
  "thread.answer": ["Svara", "Answer"],
  "thread.write": ["Skriv ett meddelande", "Write a message"],

  "message.by.me": ["Du", "You"],
  "message.by.our-unit": ["{unit} (ni)", "{unit} (you)"],
  "message.by.one-of": ["En av personerna i tråden", "One of the persons in the thread"],
  "message.created": ["Påbörjat {when}", "Begun {when}"],
  "message.sent": ["Skickat {when}", "Sent {when}"],
  "message.expires": ["Raderas automatiskt {when}", "Deleted automatically {when}"],
  "message.state.draft": ["Utkast", "Draft"],
  "message.state.sent": ["Skickat, på väg", "Sent, on its way"],
  "message.state.delivered": ["Levererat", "Delivered"],
  "message.state.person": ["Till dig", "For you"],
  "message.state.staff": ["Till er", "For your unit"],
  "message.draft.text": ["Utkastet är inte skickat. Ingen utanför din sida kan se det.", "The draft is not sent. Nobody outside your side can see it."],
  "message.undo.text": ["Meddelandet levereras strax. Ångrar du det innan dess ser mottagaren ingenting.", "The message will be delivered shortly. If you undo it before that, the recipient sees nothing."],
  "message.undo": ["Ångra", "Undo"],
  "message.undone": ["Meddelandet är ångrat och raderat.", "The message has been undone and deleted."],
  "message.open": ["Öppna meddelandet", "Open the message"],
  "message.open.text.person": ["När du öppnar meddelandet ser avsändaren att du har öppnat det, och när.", "When you open the message, the sender sees that you have opened it, and when."],
  "message.open.text.staff": ["När du öppnar meddelandet ser personen som skrev det ditt namn och när du öppnade.", "When you open the message, the person who wrote it sees your name and when you opened it."],
  "message.opened": ["Meddelandet är öppnat.", "The message is open."],
  "message.show": ["Visa innehållet", "Show the content"],
  "message.no-text": ["Meddelandet har ingen text.", "The message has no text."],
  "message.files": ["Filer", "Files"],
  "message.unfinished": ["inte helt överförd: {received} av {all}", "not fully uploaded: {received} of {all}"],
  "message.download.all": ["Ladda ner alla", "Download all"],
  "message.download.all.size": ["{size} i en zip-fil", "{size} in one zip file"],
  "message.download.hint": ["Avsändaren ser när du laddar ner en fil.", "The sender sees when you download a file."],
  "message.send": ["Skicka utkastet", "Send the draft"],
  "message.delete.draft": ["Ta bort utkastet", "Delete the draft"],
  "message.delete.copy": ["Ta bort min kopia", "Delete my copy"],
  "message.delete.recall": ["Återkalla meddelandet", "Recall the message"],
  "message.delete.all": ["Ta bort för alla", "Delete for everyone"],
  "message.deleted": ["Meddelandet är borttaget.", "The message is deleted."],
  "message.deleted.recalled": ["Meddelandet är återkallat och raderat.", "The message has been recalled and deleted."],
  "delete.draft.title": ["Ta bort utkastet?", "Delete the draft?"],
  "delete.draft.text": ["Text och filer raderas. Det går inte att ångra.", "Text and files are deleted. This cannot be undone."],
  "delete.copy.title": ["Ta bort din kopia?", "Delete your copy?"],
  "delete.copy.text": ["Du kan inte längre läsa meddelandet eller hämta dess filer. Det går inte att ångra. Avsändaren har kvar sitt.", "You can no longer read the message or fetch its files. This cannot be undone. The sender keeps theirs."],
  "delete.recall.title": ["Återkalla meddelandet?", "Recall the message?"],
  "delete.recall.text": ["Meddelandet och dess filer raderas för alla, även för den som redan har öppnat det. Det som redan har laddats ner finns kvar hos mottagaren. Det går inte att ångra.", "The message and its files are deleted for everyone, also for those who have opened it. What has been downloaded already stays with the recipient. This cannot be undone."],
  "delete.all.title": ["Ta bort för alla?", "Delete for everyone?"],
  "delete.all.text": ["Meddelandet och dess filer raderas för båda sidor. Spara först det som ska bevaras i era egna system. Det går inte att ångra.", "The message and its files are deleted for both sides. First save what must be kept in your own systems. This cannot be undone."],
  "receipts.title": ["Kvittenser", "Receipts"],
  "receipts.none": ["Ingen har öppnat meddelandet än.", "Nobody has opened the message yet."],
  "receipts.of": ["Öppnat av {opened} av {all} personer.", "Opened by {opened} of {all} persons."],
  "receipts.opened": ["{name} öppnade meddelandet {when}", "{name} opened the message {when}"],
  "receipts.fetched": ["{name} hämtade filen {file} {when}", "{name} fetched the file {file} {when}"],
  "receipts.fetched.unnamed": ["{name} hämtade en fil {when}", "{name} fetched a file {when}"],
  "receipts.level": ["{text} (e-legitimation på nivå {level})", "{text} (e-ID of level {level})"],
  "receipts.refresh": ["Uppdatera", "Refresh"],
  "receipts.refreshed": ["Kvittenserna är uppdaterade.", "The receipts are up to date."],

  "new.title": ["Ny tråd", "New thread"],
  "new.lead": ["En tråd är ett gemensamt rum för er enhet och en eller flera personer. Ingen får veta något förrän du har granskat och skickat.", "A thread is a shared room for your unit and one or more persons. Nobody is told anything until you have reviewed and sent."],
  "new.from": ["Avsändare", "Sender"],
  "new.subject": ["Ämne", "Subject"],
  "new.subject.hint": ["Syns först när personen har loggat in, inte i mejlet. Högst 200 tecken.", "Shown only when the person has signed in, not in the mail. At most 200 characters."],
  "new.subject.missing": ["Skriv ett ämne.", "Enter a subject."],
  "new.person": ["Person {number}", "Person {number}"],
  "new.number": ["Personnummer eller samordningsnummer", "Personal identity number or coordination number"],
  "new.number.hint": ["Tolv siffror: ÅÅÅÅMMDD-NNNN", "Twelve digits: YYYYMMDD-NNNN"],
  "new.number.right": ["Numret är rätt skrivet.", "The number is correctly formed."],
  "new.number.repeated": ["Samma nummer står redan för en annan person.", "The same number is already given for another person."],
  "new.mail": ["E-postadress", "Mail address"],
  "new.mail.hint": ["Hit går en avisering utan innehåll. Bara den med rätt personnummer kan läsa meddelandet.", "A notice without content goes here. Only the holder of the right number can read the message."],
  "new.mail.missing": ["Skriv en e-postadress, till exempel namn@exempel.se.", "Enter a mail address, for example name@example.com."],
  "new.mail.repeated": ["Två personer har samma e-postadress. Kontrollera att det är rätt.", "Two persons have the same mail address. Check that this is right."],
  "new.level": ["E-legitimationens tillitsnivå", "Level of assurance of the e-ID"],
  "new.level.hint": ["Hur säkert personen måste ha visat vem hen är för att få läsa.", "How surely the person must have shown who they are before they can read."],
  "new.level.loa2": ["Nivå 2 eller högre", "Level 2 or higher"],
  "new.level.loa3": ["Nivå 3 eller högre, till exempel BankID", "Level 3 or higher, for example BankID"],
  "new.level.loa4": ["Nivå 4", "Level 4"],
  "new.add": ["Lägg till en person", "Add a person"],
  "new.added": ["Person {number} är tillagd.", "Person {number} has been added."],
  "new.remove": ["Ta bort person {number}", "Remove person {number}"],
  "new.removed": ["Personen är borttagen.", "The person has been removed."],
  "new.several": ["Alla personer i tråden ser samma meddelanden från er. De ser inte varandras nummer eller adresser.", "All persons in the thread see the same messages from you. They do not see each other's numbers or addresses."],

  "write.text": ["Meddelande", "Message"],
  "write.files": ["Lägg till filer", "Add files"],
  "write.files.limit": ["Högst {count} filer, högst {size} per fil.", "At most {count} files, at most {size} per file."],
  "write.files.chosen": ["Valda filer", "Chosen files"],
  "write.files.remove": ["Ta bort", "Remove"],
  "write.files.remove.name": ["Ta bort {name}", "Remove {name}"],
  "write.files.removed": ["{name} är borttagen.", "{name} has been removed."],
  "write.files.added": ["{count} filer är valda.", "{count} files are chosen."],
  "write.files.large": ["{name} är för stor ({size}).", "{name} is too large ({size})."],
  "write.files.name": ["Namnet på {name} går inte att använda. Byt namn på filen: utan / \\ : * ? \" < > | och högst 255 tecken.", "The name of {name} cannot be used. Rename the file: without / \\ : * ? \" < > | and at most 255 characters."],
  "write.files.many": ["Ett meddelande rymmer högst {count} filer.", "A message holds at most {count} files."],
  "write.days": ["Radera meddelandet efter", "Delete the message after"],
  "write.days.count": ["{days} dagar", "{days} days"],
  "write.days.hint": ["Tjänsten är en länk mellan er och personen, inte ett arkiv. Originalet ska finnas i era egna system.", "The service is a link between you and the person, not an archive. The original belongs in your own systems."],
  "write.person.hint": ["Det du skickar raderas automatiskt, senast efter 365 dagar.", "What you send is deleted automatically, after 365 days at the latest."],
  "write.nothing": ["Skriv ett meddelande eller lägg till en fil.", "Write a message or add a file."],
  "write.long": ["Texten är för lång. Korta den eller skicka den som fil.", "The text is too long. Shorten it or send it as a file."],
  "write.review": ["Granska", "Review"],
  "write.send": ["Skicka", "Send"],
  "review.title": ["Granska innan du skickar", "Review before you send"],
  "review.warning": ["Kontrollera att personnummer och adress hör till rätt person.", "Check that the number and the address belong to the right person."],
  "review.to": ["Till", "To"],
  "review.files.none": ["Inga filer", "No files"],
  "review.expires": ["Raderas", "Deleted"],
  "review.change": ["Ändra", "Change"],
  "sending.title": ["Skickar", "Sending"],
  "sending.preparing": ["Förbereder …", "Preparing …"],
  "sending.file": ["{name}: {sent} av {all}", "{name}: {sent} of {all}"],
  "sending.waiting": ["Förbindelsen bröts. Överföringen fortsätter strax där den var …", "The connection broke. The upload will soon go on from where it was …"],
  "sending.finishing": ["Skickar meddelandet …", "Sending the message …"],
  "sending.keep-open": ["Låt sidan vara öppen tills allt är överfört.", "Keep the page open until everything has been transferred."],
  "sending.failed": ["Meddelandet är inte skickat", "The message is not sent"],
  "sending.drop": ["Avbryt och radera utkastet", "Cancel and delete the draft"],
  "sending.dropped": ["Inget har skickats. Utkastet är raderat.", "Nothing has been sent. The draft is deleted."],
  "sending.done": ["Meddelandet är skickat.", "The message is sent."],

  "number.form": ["Skriv tolv siffror, med århundradet: ÅÅÅÅMMDD-NNNN.", "Enter twelve digits, including the century: YYYYMMDD-NNNN."],
  "number.check-digit": ["Numret är fel skrivet: kontrollsiffran stämmer inte.", "The number is mistyped: the check digit does not match."],
  "number.date": ["Numrets datum finns inte.", "The date in the number does not exist."],

  "accessibility.title": ["Tillgänglighet", "Accessibility"],
  "accessibility.1": ["Portalen är byggd för att följa WCAG 2.1 nivå AA. Den går att använda med tangentbord och skärmläsare, på små skärmar och i 200 procents förstoring. Ingen utomstående har granskat det ännu.", "The portal is built to follow WCAG 2.1 level AA. It can be used with a keyboard and a screen reader, on small screens and at 200 per cent zoom. No outside party has reviewed this yet."],
  "accessibility.2": ["Kända brister: QR-koden för BankID måste läsas av med en kamera i en annan enhet, och den visas högst 30 sekunder åt gången. Du kan visa en ny hur många gånger som helst. Vi vet inte hur tillgängliga de filer är som andra delar.", "Known shortcomings: the QR code for BankID must be scanned with the camera of another device, and is shown for at most 30 seconds at a time. You can show a new one as often as you like. We do not know how accessible the files are that others share."],
  "accessibility.3": ["Hittar du något som inte fungerar för dig, hör av dig till den organisation som har skickat meddelandet. Är du inte nöjd med svaret kan du anmäla det till Myndigheten för digital förvaltning (Digg).", "If you find something that does not work for you, contact the organisation that sent the message. If you are not satisfied with the answer, you can report it to the Swedish Agency for Digital Government (Digg)."],

  "problem.offline": ["Det går inte att nå tjänsten. Kontrollera din anslutning och försök igen.", "The service cannot be reached. Check your connection and try again."],
  "problem.about:blank": ["Något gick fel hos oss. Försök igen om en stund.", "Something went wrong on our side. Try again in a while."],
  "problem.not-found": ["Det finns inget här för dig. Det kan ha raderats, eller så har tiden gått ut.", "There is nothing here for you. It may have been deleted, or its time has run out."],
  "problem.invalid-request": ["Något i formuläret har fel form. Kontrollera det du har skrivit.", "Something in the form is not of the right form. Check what you have written."],
  "problem.malformed-request": ["Något gick fel när uppgifterna skickades. Försök igen.", "Something went wrong when the data was sent. Try again."],
  "problem.too-large": ["Det är för stort. Högst {size} tas emot.", "It is too large. At most {size} is accepted."],
  "problem.cross-site-request": ["Inloggningen har ändrats i ett annat fönster. Ladda om sidan och försök igen.", "The sign-in has changed in another window. Reload the page and try again."],
  "problem.unsupported-media-type": ["Något gick fel när uppgifterna skickades. Försök igen.", "Something went wrong when the data was sent. Try again."],
  "problem.method-not-allowed": ["Något gick fel när uppgifterna skickades. Ladda om sidan och försök igen.", "Something went wrong when the data was sent. Reload the page and try again."],
  "problem.checksum-mismatch": ["Filen ändrades på vägen. Försök igen.", "The file was changed on its way. Try again."],
  "problem.checksum-algorithm": ["Något gick fel vid överföringen. Ladda om sidan och försök igen.", "Something went wrong with the upload. Reload the page and try again."],
  "problem.tus-version": ["Något gick fel vid överföringen. Ladda om sidan och försök igen.", "Something went wrong with the upload. Reload the page and try again."],
  "problem.not-signed-in": ["Logga in först.", "Sign in first."],
  "problem.wrong-credentials": ["E-postadressen och lösenordet hör inte ihop. Kontrollera båda och försök igen.", "The mail address and the password do not match. Check both and try again."],
  "problem.factor-refused": ["Koden eller nyckeln stämmer inte. Vänta på nästa kod och försök igen.", "The code or the passkey does not match. Wait for the next code and try again."],
  "problem.not-allowed": ["Du får inte göra det här.", "You may not do this."],
  "problem.invalid-input": ["Något av det du har skrivit går inte att använda.", "Something you have written cannot be used."],
  "problem.conflict": ["Läget har ändrats sedan sidan visades. Ladda om sidan och se hur det står till.", "The state has changed since the page was shown. Reload the page and see how things stand."],
  "problem.too-many-requests": ["För många försök. Vänta {seconds} sekunder och försök igen.", "Too many attempts. Wait {seconds} seconds and try again."],
  "problem.assurance-too-low": ["Avsändaren kräver en e-legitimation med högre tillitsnivå. Logga in med en sådan.", "The sender asks for an e-ID of a higher level of assurance. Sign in with one."],
  "problem.other-browser": ["Fortsätt i den webbläsare där du började. Härifrån går det inte att logga in.", "Go on in the browser where you began. You cannot sign in from here."],
  "problem.sign-in-refused": ["Inloggningen nekades av säkerhetsskäl. Försök igen, eller hör av dig till den som skickat meddelandet.", "The sign-in was refused for reasons of security. Try again, or contact whoever sent you the message."],
  "problem.body-cut": ["Förbindelsen bröts. Försök igen.", "The connection broke. Try again."],
  "problem.content-refused": ["Filer med sådant innehåll tas inte emot här.", "Files with such content are not taken here."],
  "problem.content-damaged": ["Innehållet är skadat och visas därför inte. Hör av dig till avsändaren.", "The content is damaged and therefore not shown. Contact the sender."],
  "problem.key-destroyed": ["Organisationen har lämnat tjänsten, och dess innehåll är förstört.", "The organisation has left the service, and its content is destroyed."],
  "problem.key-unavailable": ["Organisationens nyckel går inte att använda just nu. Försök igen om en stund.", "The organisation's key cannot be used right now. Try again in a while."],
  "problem.no-client-address": ["Tjänsten är fel inställd och kan inte ta emot din begäran. Det är inte ditt fel.", "The service is set up wrongly and cannot take your request. You did nothing wrong."],
  "problem.dependency-failed": ["En del av tjänsten svarar inte. Försök igen om en stund.", "A part of the service does not answer. Try again in a while."],
  "problem.precondition-failed": ["Filen kunde inte hämtas. Försök igen.", "The file could not be fetched. Try again."],
  "problem.range-not-satisfiable": ["Filen kunde inte hämtas. Försök igen.", "The file could not be fetched. Try again."],
  "problem.unfinished": ["En fil i utkastet är inte helt överförd. Ta bort filen, så går det att skicka.", "A file of the draft is not fully uploaded. Remove the file, and the draft can be sent."],
  "problem.reference": ["Ärendekod: {id}", "Reference: {id}"],

  "rule.personal-number-form": ["Ett personnummer har inte tolv siffror.", "A personal identity number does not have twelve digits."],
  "rule.personal-number-check-digit": ["Ett personnummer är fel skrivet: kontrollsiffran stämmer inte.", "A personal identity number is mistyped: the check digit does not match."],
  "rule.personal-number-date": ["Ett personnummer har ett datum som inte finns.", "A personal identity number has a date that does not exist."],
  "rule.mail-address": ["En e-postadress går inte att använda. Skriv den på formen namn@exempel.se, utan å, ä och ö.", "A mail address cannot be used. Write it in the form name@example.com, in plain letters."],
  "rule.no-return": ["Den här webbläsaren kan inte ta emot dig efter BankID. Öppna sidan i Safari eller Chrome, eller välj QR-kod.", "This browser cannot take you back after BankID. Open the page in Safari or Chrome, or choose the QR code."],
  "rule.assurance-unreachable": ["Ingen e-legitimation här når den tillitsnivån. Välj en lägre.", "No e-ID here reaches that level of assurance. Choose a lower one."],
  "rule.subject": ["Ämnet går inte att använda. Skriv en rad med högst 200 tecken.", "The subject cannot be used. Write one line of at most 200 characters."],
  "rule.text": ["Texten innehåller tecken som inte går att skicka.", "The text holds characters that cannot be sent."],
  "rule.persons": ["En tråd har minst en och högst 20 personer.", "A thread has at least one and at most 20 persons."],
  "rule.unit": ["Enheten finns inte i organisationen.", "The unit is not one of the organisation."],
  "rule.persons-repeated": ["Samma person står med två gånger.", "The same person is given twice."],
  "rule.factor-name": ["Namnet går inte att använda. Skriv en rad med högst 60 tecken.", "The name cannot be used. Write one line of at most 60 characters."],
  "rule.retention-days": ["Tiden till radering måste vara mellan 1 och 365 dagar.", "The time to deletion must be from 1 to 365 days."],
  "rule.file-name": ["Ett filnamn går inte att använda. Byt namn på filen.", "A file name cannot be used. Rename the file."],
  "rule.file-name-length": ["Ett filnamn är för långt. Byt namn på filen.", "A file name is too long. Rename the file."],
  "rule.files": ["Meddelandet rymmer inga fler filer.", "The message holds no more files."],
  "rule.media-type": ["Filens typ går inte att skicka.", "The type of the file cannot be sent."],
  "rule.upload-limit": ["Gränsen för filers storlek måste vara minst en byte.", "The limit on the size of files must be at least one byte."],
  "rule.upload-length": ["Filens storlek går inte att läsa.", "The size of the file cannot be read."],
  "rule.upload-parts": ["Filen har kommit i för många små delar och kan inte bli hel. Ta bort den och börja om.", "The file came in too many small pieces and cannot become whole. Remove it and begin again."],
  "rule.upload-checksum": ["Filens kontrollsumma går inte att läsa.", "The checksum of the file cannot be read."],
  "rule.finding": ["Ett av orden är inget som en fil kan varnas för.", "One of the words is nothing that a file is warned of."],
  "rule.content-malware": ["Filen innehåller skadlig kod och tas inte emot.", "The file holds malware and is not taken."],
  "rule.content-not-scanned": ["Filen är för stor för kontrollen mot skadlig kod och tas därför inte emot.", "The file is too large to be checked for malware and is therefore not taken."],
  "rule.content-type-differs": ["Filens innehåll är av en annan typ än namnet säger. Sådana filer tas inte emot här.", "The content of the file is of another type than its name says. Such files are not taken here."],
  "rule.content-executable": ["Filen är ett program eller innehåller ett. Program tas inte emot här.", "The file is a program or holds one. Programs are not taken here."],
  "rule.content-macros": ["Filen innehåller makron. Spara den utan makron och försök igen.", "The file holds macros. Save it without macros and try again."],
  "rule.content-archive-names": ["Filerna i arkivet har vilseledande namn. Skicka filerna var för sig.", "The files in the archive have misleading names. Send the files one by one."],
  "rule.content-archive-unread": ["Arkivet går inte att kontrollera. Skicka filerna var för sig, eller som ZIP.", "The archive cannot be looked into. Send the files one by one, or as ZIP."],
  "rule.content-double-extension": ["Filen är ett program med ett namn som liknar ett dokuments. Sådana filer tas inte emot här.", "The file is a program with a name like that of a document. Such files are not taken here."],
  "rule.content-password-protected": ["Filen är skyddad med lösenord. Ta bort lösenordet och försök igen.", "The file is protected by a password. Remove the password and try again."],
  "finding.type-differs": ["Varning: innehållet är av en annan typ än namnet säger.", "Warning: the content is of another type than the name says."],
  "finding.executable": ["Varning: filen är ett program eller innehåller ett. Kör det inte om du inte väntar dig det.", "Warning: the file is a program or holds one. Do not run it unless you expect it."],
  "finding.macros": ["Varning: filen innehåller makron. Tillåt dem inte om du inte väntar dig dem.", "Warning: the file holds macros. Do not allow them unless you expect them."],
  "finding.archive-names": ["Varning: filer i arkivet har vilseledande namn.", "Warning: files in the archive have misleading names."],
  "finding.archive-unread": ["Arkivets innehåll är inte kontrollerat.", "The content of the archive has not been looked into."],
  "finding.double-extension": ["Varning: filen är ett program, men namnet liknar ett dokuments.", "Warning: the file is a program, but its name looks like that of a document."],
  "finding.password-protected": ["Filen är skyddad med lösenord och därför inte kontrollerad.", "The file is protected by a password and has therefore not been looked into."],
  "finding.not-scanned": ["Filen är inte kontrollerad mot skadlig kod.", "The file has not been checked for malware."],
  "rule.upload-metadata": ["Uppgifterna om filen går inte att skicka. Byt namn på filen.", "The data about the file cannot be sent. Rename the file."]
};

const LANGUAGES = ["sv", "en"];
const KEPT_AS = "pic-language";

let index = Math.max(0, LANGUAGES.indexOf(kept()));

/** What the browser was told last time; nothing where it keeps nothing. */
function kept() {
  try {
    return localStorage.getItem(KEPT_AS) ?? "";
  } catch {
    return "";
  }
}

/** The language in use: `sv` or `en`. */
export function language() {
  return LANGUAGES[index];
}

/** The language that the switch leads to. */
export function otherLanguage() {
  return LANGUAGES[1 - index];
}

/** Use the other language from now on. */
export function switchLanguage() {
  index = 1 - index;
  keepLanguage();
}

/** Remember the language; signing out empties what the browser keeps. */
export function keepLanguage() {
  try {
    localStorage.setItem(KEPT_AS, language());
  } catch {
    // A browser that keeps nothing still shows the chosen language until the page is closed.
  }
}

/** The text of `key` in the language in use. */
export function t(key, values = {}) {
  const text = TEXTS[key][index];
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Whether there is such a text. */
export function hasText(key) {
  return Object.hasOwn(TEXTS, key);
}
