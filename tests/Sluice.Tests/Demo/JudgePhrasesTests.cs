using System.Text.RegularExpressions;
using Sluice.Tuning.Tickets;
using Xunit;

namespace Sluice.Tests.Demo;

public sealed partial class JudgePhrasesTests
{
    [Fact]
    public void Every_intent_has_at_least_six_and_none_is_in_another_split()
    {
        HashSet<string> others = [.. PhraseBook.Shipped.Intents.SelectMany(intent => intent.Train.Concat(intent.Heldout)).Select(Words)];
        foreach (Intent intent in PhraseBook.Shipped.Intents)
        {
            Assert.InRange(intent.Judge.Count, 6, 100);
            Assert.All(intent.Judge, phrase => Assert.DoesNotContain(Words(phrase), others));
        }
        string[] all = [.. PhraseBook.Shipped.Intents.SelectMany(intent => intent.Judge).Select(Words)];
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Fact]
    public void Its_tickets_are_made_of_its_own_phrases()
    {
        TicketGenerator judge = new(1, TicketSplit.Judge);
        string[] notes = [.. PhraseBook.Shipped.Urgent.Judge.Select(Words)];
        Ticket[] hasty = [.. Enumerable.Range(0, 400).Select(_ => judge.Next()).Where(ticket => ticket.Priority == "high")];
        Assert.InRange(hasty.Length, 40, 120);
        // a quarter carries slips, which may lie in the note
        Assert.InRange(hasty.Count(ticket => notes.Any(note => Words(ticket.Text).Contains(note, StringComparison.Ordinal))), hasty.Length * 3 / 5, hasty.Length);
    }

    private static string Words(string text) => string.Join(' ', Word().Matches(text.ToLowerInvariant()).Select(word => word.Value));

    [GeneratedRegex(@"[\w{}']+")]
    private static partial Regex Word();
}
