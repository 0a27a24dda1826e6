namespace Sluice.Tests.Cache;

/// <summary>
/// What people ask, as templates. Each line is one meaning; forms divided by <c>|</c> ask the same in other words. Slots: {order} {item} {name} {other} {city} {town}
/// {amount} {count} {day} {quantity} {code} {lang}.
/// </summary>
internal static class AskBook
{
    /// <summary>Orders that a polite frame can precede, in the imperative, without a full stop.</summary>
    public static readonly string[] Requests = Lines("""
        cancel order {order}|call off order {order}|stop order {order}
        cancel order {order} before it ships|make sure that order {order} is cancelled before it goes out
        refund the {item} from order {order}|give me my money back for the {item} in order {order}
        send me the invoice for order {order}|mail me a copy of the invoice of order {order}
        change the delivery address of order {order} to {city}|have order {order} delivered to {city} instead
        exchange the {item} for a larger size|swap my {item} for one that is a size bigger
        transfer {amount} dollars from {name} to {other}|move {amount} dollars to {other} out of the account of {name}
        book a flight from {city} to {town} for {count} people|reserve {count} seats on a plane to {town} leaving {city}
        remind {name} to call {other} on {day}|tell {name} on {day} that {other} expects a call
        add {quantity} of flour to the shopping list|put {quantity} of flour on my shopping list
        delete the file {code} from the server|remove {code} on the server
        restart the service {code} after the backup has finished|once the backup is done, bounce {code}
        move all meetings on {day} to the afternoon|shift every meeting of {day} into the afternoon
        list {count} museums in {city} that are open on {day}|name {count} museums of {city} which open on {day}
        explain how photosynthesis works to a child|describe photosynthesis in a way that a child understands
        summarize the report about {city} in {count} lines|give a summary of the {city} report, {count} lines long
        write a function in {lang} that sorts a list of numbers|implement number sorting in {lang}
        convert {quantity} to pounds|tell me how many pounds {quantity} are
        increase the price of the {item} by {count} percent|raise what the {item} costs by {count} percent
        enable notifications for the {item}|turn notifications on for the {item}
        forward the mail from {name} to {other}|pass on to {other} what {name} mailed
        schedule a call with {name} before {day}|find a time to talk to {name} earlier than {day}
        remove {name} from the project and add {other}|replace {name} by {other} on the project
        compare the {item} with the {item2}|show how the {item} differs from the {item2}
        """);

    /// <summary>Whole sentences.</summary>
    public static readonly string[] Statements = Lines("""
        I was charged twice for order {order}.|Order {order} appears two times on my card statement.|I have been billed double for {order}.
        My order {order} has not arrived yet.|I am still waiting for order {order}.|Order {order} is not here.
        The {item} from order {order} is damaged.|I got a broken {item} with order {order}.
        I cannot log in because my password is not accepted.|The site refuses my password, so I can not sign in.
        I do not need the {item} any more.|The {item} is no longer needed.
        I would like a refund for the {item}.|I want my money back for the {item}.
        The coupon was not applied to order {order}.|My discount is missing on order {order}.
        If order {order} is late, I want a refund.|Refund me should order {order} be late.
        Because the {item} does not fit, I need another size.|I need a different size as the {item} is too small.
        {name} owes {other} {amount} dollars.|{other} has {amount} dollars coming from {name}.
        I am allergic to nuts, so what can I cook with {quantity} of rice?|What dish without nuts can I make from {quantity} of rice?
        All payments of {name} were rejected.|Not one payment by {name} went through.
        We only want to invite the people from {city}.|Nobody but those from {city} shall be invited.
        I must leave {city} on {day}.|My stay in {city} has to end on {day}.
        """);

    /// <summary>Questions.</summary>
    public static readonly string[] Questions = Lines("""
        Where is my order {order}?|What happened to order {order}?
        When will order {order} be delivered?|How long until order {order} gets here?
        What is the capital of {country}?|Which city is the capital of {country}?
        How do I reset the password of my account?|What are the steps to get a new account password?
        How far is it from {city} to {town}?|What is the distance between {city} and {town}?
        Is the {item} still available in size {count}?|Do you have the {item} in size {count} in stock?
        How many calories are in {quantity} of rice?|What is the energy content of {quantity} of rice?
        Why does {code} return null?|What makes {code} give back null?
        What is the weather in {city} on {day}?|Will it rain in {city} on {day}?
        Can I still return the {item} after {count} days?|Is it too late to send the {item} back after {count} days?
        Who is taller, {name} or {other}?|Between {name} and {other}, who is the taller one?
        Does the {item} work without a battery?|Can the {item} run with no battery?
        What can I cook with {quantity} of rice if I have no oven?|If I have no oven, what can I cook with {quantity} of rice?
        How much does the {item} cost in {country}?|What is the price of the {item} in {country}?
        Should I buy the {item} before {day}?|Is it wise to buy the {item} ahead of {day}?
        Why do birds fly south in winter?|What is the reason that birds migrate south when winter comes?
        How do I open {code} on a server in {city}?|What is the command to open {code} on the {city} server?
        """);

    /// <summary>Two clauses that may change places, and what joins them.</summary>
    public static readonly (string Main, string Joined)[] Clauses =
    [
        ("cancel order {order}", "before it ships"), ("refund order {order}", "if it is late"), ("send the {item} to {city}", "when it is ready"),
        ("call {name}", "after {other} has left"), ("order the {item}", "unless it costs more than {amount} dollars"), ("restart {code}", "if the disk is full"),
        ("I need another {item}", "because mine is broken"), ("I want to return the {item}", "since it does not work"), ("tell {name}", "as soon as {other} pays {amount} dollars"),
        ("book the hotel in {city}", "while it is cheap"), ("stop the backup of {code}", "until {day} is over"),
    ];

    public static readonly Dictionary<string, string[]> Slots = new()
    {
        ["item"] = Words("lamp kettle backpack keyboard headphones blender jacket monitor tent guitar toaster drill camera watch rug desk pillow charger speaker sofa"),
        ["item2"] = Words("mixer chair mirror shelf printer router tablet scarf helmet basket"),
        ["name"] = Words("Alice Peter Maria Hassan Yuki Olga Diego Ingrid Kwame Priya"),
        ["other"] = Words("Bob Susan Viktor Amina Chen Laura Marcus Elena Tariq Sofia"),
        ["city"] = Words("Paris Berlin Madrid Oslo Vienna Lisbon Dublin Prague Athens Rome"),
        ["town"] = Words("Munich Hamburg Lyon Porto Seville Cork Bergen Graz Turin Brno"),
        ["country"] = Words("France Peru Kenya Japan Canada Norway Chile Egypt India Ghana"),
        ["day"] = Words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
        ["lang"] = Words("Python Rust Java Kotlin Haskell Swift"),
        ["code"] = Words("/etc/nginx/nginx.conf /var/log/syslog api.example.com user_login() get_total() orders.csv orders_2024.csv build-17 build-71 main.cs https://example.com/a https://example.com/b ops@example.com sales@example.com"),
    };

    private static string[] Words(string text) => text.Split(' ');

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
