using System.Globalization;
using Sluice.Tuning.Training;

namespace Sluice.Tuning.Tickets;

/// <summary>The tickets of the demo, all of phrases that training never shows: the same seed, the same tickets.</summary>
public static class DemoDeck
{
    public const ulong ShippedSeed = 20_260;

    private const int Fresh = 180, Repeats = 40, Twins = 6, Reworded = 50, Paraphrased = 10;

    /// <summary>300 tickets, those of the first wave before those of the second.</summary>
    public static IReadOnlyList<DemoTicket> Make(ulong seed)
    {
        SeededRandom random = new(seed);
        PhraseBook book = PhraseBook.Shipped;
        DemoDraft[] fresh = Draw(book, random);
        int[] order = Shuffle(fresh.Length, random);
        HashSet<int> taken = [];
        int[] likened = [.. Lookalikes.Choose(order, fresh, taken)];
        int[] rest = [.. order.Where(taken.Add)];
        int[] reworded = [.. Rewordings.Choose(rest, fresh, Reworded, Paraphrased)];
        int[] plain = [.. rest.Except(reworded)];
        foreach (int at in plain)
        {
            // Typing slips only where nothing is made out of the ticket but a copy: a re-worded one would carry them too.
            if (random.Chance(0.3))
            {
                fresh[at] = fresh[at] with { Retyped = TicketGenerator.Mistype(fresh[at].Text, random) };
            }
        }
        int[] repeated = plain[..Repeats];
        List<DemoTicket> tickets = [];
        Dictionary<int, string> ids = [];
        for (int i = 0; i < fresh.Length; i++)
        {
            ids[i] = Add(tickets, fresh[i], "fresh", 1, null);
            if (repeated.AsSpan(0, Twins).Contains(i))
            {
                Add(tickets, fresh[i], "repeat", 1, ids[i]);
            }
        }
        List<(DemoDraft Draft, string Group, string Of)> later =
        [
            .. repeated.Skip(Twins).Select(at => (fresh[at], "repeat", ids[at])),
            .. reworded.Select((at, i) => (i < Paraphrased ? Rewordings.Paraphrase(fresh[at], random) : Rewordings.Reword(fresh[at], book, random), "reworded", ids[at])),
            .. likened.Select((at, i) => (Lookalikes.Make(i, fresh[at], book, random), "lookalike", ids[at])),
        ];
        foreach (int at in Shuffle(later.Count, random))
        {
            Add(tickets, later[at].Draft, later[at].Group, 2, later[at].Of);
        }
        return tickets;
    }

    /// <summary>As many of each label; no two say the same.</summary>
    private static DemoDraft[] Draw(PhraseBook book, SeededRandom random)
    {
        DemoDraft[] drafts = new DemoDraft[Fresh];
        HashSet<string> said = [];
        for (int i = 0; i < Fresh; i++)
        {
            do
            {
                drafts[i] = DemoDraft.Fresh(book, book.Intents[i % book.Intents.Count], random);
            }
            while (!said.Add(drafts[i].Says));
        }
        return [.. Shuffle(Fresh, random).Select(at => drafts[at])];
    }

    private static string Add(List<DemoTicket> tickets, DemoDraft draft, string group, int wave, string? of)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"t{tickets.Count + 1:000}");
        tickets.Add(new DemoTicket
        {
            Id = id,
            Text = draft.Text,
            Label = draft.Intent.Label,
            Order = draft.Order,
            Item = draft.Item,
            Priority = draft.Haste,
            Kind = draft.Reply ? "reply" : "classify",
            DeadlineSeconds = draft.Haste switch { "interactive" => 45, "standard" => 90, _ => 180 },
            Group = group,
            SameAs = group == "lookalike" ? null : of,
            Unlike = group == "lookalike" ? of : null,
            Wave = wave,
        });
        return id;
    }

    private static int[] Shuffle(int count, SeededRandom random)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int other = random.Next(i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }
        return order;
    }
}
