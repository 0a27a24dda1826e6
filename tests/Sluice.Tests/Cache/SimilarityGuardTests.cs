using Sluice.Service.Cache;
using Xunit;

namespace Sluice.Tests.Cache;

public sealed class SimilarityGuardTests
{
    [Theory]
    [InlineData("Hi, please cancel order 4711. Thanks!", "Could you cancel order #4711?")]
    [InlineData("I'd like you to cancel my order number 4711", "cancel the order 4711")]
    [InlineData("I want a refund for order 5.", "Can I get a refund for my order 5? Best regards.")]
    [InlineData("What's the capital of France?", "what is the capital of France")]
    [InlineData("Can you tell me where my order 17 is?", "Tell me where order 17 is.")]
    [InlineData("Before it ships, cancel order 12.", "Cancel order 12 before it ships")]
    [InlineData("It isn't working because the disk is full", "Because the disk is full, it is not working.")]
    [InlineData("Transfer 1,000 dollars to Bob", "please transfer 1000 dollars to Bob")]
    [InlineData("How do I reset my password?", "How can I reset my password?")]
    [InlineData("WHERE IS MY ORDER 17?", "where is my order 17")]
    [InlineData("The file is 5MB large", "the file is 5 MB large")]
    [InlineData("Cancel order 12, please?", "Please cancel order 12.")]
    [InlineData("Can you cancel my order?", "Cancel my order.")]
    [InlineData("I was wondering if you could cancel order 12?", "Cancel order 12.")]
    [InlineData("Tell me where order 17 is?", "Could you tell me where order 17 is")]
    [InlineData("Thanks! If it is late, can you cancel order 5?", "Can you cancel order 5 if it is late")]
    [InlineData("Was my order 17 delivered yesterday??", "was order 17 delivered yesterday")]
    [InlineData("My order was delivered yesterday?!", "My order was delivered yesterday ?")]
    [InlineData("Ticket: Hello, The lamp is broken.\nAnswer: ", "Ticket: The lamp is broken. Many thanks.\nAnswer: ")]
    public void What_is_only_said_otherwise_passes(string first, string second) => Check(true, first, second);

    [Theory]
    [InlineData("Cancel order 4711", "Cancel order 4712")]
    [InlineData("Add 5 kg of rice", "Add 5 g of rice")]
    [InlineData("The file has 5 MB", "The file has 5 Mb")]
    [InlineData("What is 5!?", "What is 5?")]
    [InlineData("Is it below -5 degrees?", "Is it below 5 degrees?")]
    [InlineData("Pay $5 to Bob", "Pay €5 to Bob")]
    public void Other_numbers_and_units_fail(string first, string second) => Check(false, first, second);

    [Theory]
    [InlineData("Cancel order 4711", "Do not cancel order 4711")]
    [InlineData("I can log in", "I can't log in")]
    [InlineData("Cake with nuts", "Cake without nuts")]
    [InlineData("I always pay", "I never pay")]
    [InlineData("Do cancel A, not B", "Do not cancel A, B")]
    public void Negations_fail(string first, string second) => Check(false, first, second);

    [Theory]
    [InlineData("The lamp is broken", "The kettle is broken")]
    [InlineData("Book a flight to Paris", "Book a flight to Lisbon")]
    [InlineData("I like Apple", "I like apple")]
    [InlineData("Open \"the door\"", "Open \"The door\"")]
    [InlineData("Why does `a == b` fail?", "Why does `a = b` fail?")]
    [InlineData("Delete /etc/hosts", "Delete /etc/hostname")]
    [InlineData("Mail a@example.com", "Mail b@example.com")]
    [InlineData("Read https://example.com/a?x=1", "Read https://example.com/a?x=2")]
    [InlineData("Call getTotal()", "Call gettotal()")]
    [InlineData("if a:\n    b\nc", "if a:\n    b\n    c")]
    public void Other_things_and_other_code_fail(string first, string second) => Check(false, first, second);

    [Theory]
    [InlineData("Move 5 dollars from Alice to Bob", "Move 5 dollars from Bob to Alice")]
    [InlineData("Alice owes Bob money", "Bob owes Alice money")]
    [InlineData("I owe you money", "You owe me money")]
    [InlineData("Call Bob before Ann leaves", "Before Bob leaves, call Ann")]
    [InlineData("Cancel A if it is late, refund B", "Cancel A, refund B if it is late")]
    [InlineData("Multiply by 2. Then add 3.", "Add 3. Then multiply by 2.")]
    public void Swapped_roles_and_orders_fail(string first, string second) => Check(false, first, second);

    [Theory]
    [InlineData("Turn the light on", "Turn the light off")]
    [InlineData("You may leave", "You must leave")]
    [InlineData("Who is the president?", "Who was the president?")]
    [InlineData("Delete all files", "Delete some files")]
    [InlineData("Is order 5 late?", "Order 5 late")]
    [InlineData("Delete my data", "Delete your data")]
    [InlineData("What is my order number?", "What is my order?")]
    [InlineData("Cancel order 5", "Cancel order 5 if it is late")]
    [InlineData("Can you swim across the lake?", "Swim across the lake")]
    [InlineData("Will you marry my sister?", "Marry my sister")]
    [InlineData("My order is lost", "My order lost")]
    [InlineData("I am charged 5 dollars", "I charged 5 dollars")]
    [InlineData("The dog was eaten", "The dog had eaten")]
    [InlineData("The dog has not eaten", "The dog is not eaten")]
    [InlineData("Bob's lost", "Bob lost")]
    [InlineData("How do I find a wife?", "How do I find my wife?")]
    [InlineData("How do you feel today?", "How do I feel today?")]
    [InlineData("What do you do?", "What are you?")]
    [InlineData("Did the US win?", "Did us win?")]
    [InlineData("Is it in [1,2]?", "Is it in (1,2)?")]
    [InlineData("What is 5 - 3?", "What is 5, 3?")]
    public void Other_meanings_fail(string first, string second) => Check(false, first, second);

    [Theory]
    [InlineData("My order 17 was delivered yesterday.", "My order 17 was delivered yesterday?")]
    [InlineData("Order 17 was delivered yesterday!", "Order 17 was delivered yesterday!?")]
    [InlineData("Hello, the parcel came. Thanks.", "Hello, the parcel came? Thanks.")]
    [InlineData("What I ordered was delivered.", "What I ordered was delivered?")]
    [InlineData("When it came, it was broken.", "When it came, it was broken?")]
    [InlineData("My order number?", "My order?")]
    [InlineData("It came (yesterday).", "It came (yesterday)?")]
    [InlineData("Do not refund my order.", "Do not refund my order?")]
    [InlineData("Don't refund order 17.", "Don't refund order 17?")]
    [InlineData("Have it delivered tomorrow.", "Have it delivered tomorrow?")]
    [InlineData("May 5 is a holiday.", "May 5 is a holiday?")]
    public void A_statement_is_no_question(string first, string second) => Check(false, first, second);

    [Fact]
    public void Marks_that_are_never_closed_cost_no_more_than_others()
    {
        foreach (string mark in (string[])["'", "\u2018", "\u201C", "\u00AB", "\"", "`", "``` "])
        {
            string text = string.Concat(Enumerable.Repeat($"{mark}a ", 16_384 / (mark.Length + 2)));
            long start = TimeProvider.System.GetTimestamp();
            SimilarityGuard.Sign(text);
            TimeSpan took = TimeProvider.System.GetElapsedTime(start);
            Assert.True(took < TimeSpan.FromMilliseconds(500), $"{mark}: {took.TotalMilliseconds:0} ms");
        }
    }

    [Theory]
    [InlineData("Translate to French: thank you", "Translate to French: hello")]
    [InlineData("French: thank you", "French: hi")]
    [InlineData("hello", "thanks")]
    [InlineData("How do you say 'please' in German?", "How do you say in German?")]
    [InlineData("Rephrase: could you help me move", "Rephrase: help me move")]
    [InlineData("Reply to this mail. Thanks a lot.", "Reply to this mail. Best regards.")]
    [InlineData("Is this rude? Thank you.", "Is this rude? Cheers.")]
    public void Courtesy_counts_where_it_is_what_is_asked_about(string first, string second) => Check(false, first, second);

    [Theory]
    [InlineData("")]
    [InlineData("?!")]
    [InlineData("'")]
    [InlineData("```")]
    [InlineData("#")]
    [InlineData("$")]
    [InlineData("don't' \"")]
    [InlineData("\ud83d\ude00 \ud83d")]
    [InlineData("你好，世界。")]
    public void Any_text_has_a_signature_and_it_is_always_the_same(string text)
    {
        Assert.Equal(SimilarityGuard.SignatureLength, SimilarityGuard.Sign(text).Length);
        Check(true, text, text);
        Check(false, text, text + " extra");
    }

    private static void Check(bool passes, string first, string second) =>
        Assert.True(passes == SimilarityGuard.Sign(first).AsSpan().SequenceEqual(SimilarityGuard.Sign(second)), $"'{first}' and '{second}' {(passes ? "fail" : "pass")}");
}
