using System.Globalization;
using Sluice.Tuning.Training;

namespace Sluice.Tuning.Tickets;

/// <summary>A ticket in its parts, so that one can be made out of another.</summary>
internal sealed record DemoDraft
{
    public required Intent Intent { get; init; }

    /// <summary>The phrase with its places for order number and item.</summary>
    public required string Core { get; init; }

    public string? Order { get; init; }
    public string? Item { get; init; }
    public required string Haste { get; init; }
    public required string Opener { get; init; }

    /// <summary>Sentences before and after the core.</summary>
    public required IReadOnlyList<string> Before { get; init; }
    public required IReadOnlyList<string> After { get; init; }
    public required string Closer { get; init; }

    /// <summary>Replaces the text that the parts would give.</summary>
    public string? Retyped { get; init; }
    public bool Reply { get; init; }

    public string Text => Retyped ?? string.Join(' ', [.. ((IEnumerable<string>)[Opener, .. Before, Filled, .. After, Closer]).Where(part => part.Length > 0)]);

    private string Filled => Core.Replace("{order}", Order, StringComparison.Ordinal).Replace("{item}", Item, StringComparison.Ordinal);

    /// <summary>What is said, whatever the greeting and the order of sentences.</summary>
    public string Says => string.Join('|', Before.Concat(After).Append(Filled).Order(StringComparer.Ordinal));

    public bool Has(string place) => Core.Contains(place, StringComparison.Ordinal);

    public static DemoDraft Fresh(PhraseBook book, Intent intent, SeededRandom random)
    {
        double haste = random.NextDouble();
        (string priority, string note) = haste switch
        {
            < 0.2 => ("interactive", random.Pick(book.Urgent.Heldout)),
            < 0.35 => ("bulk", random.Pick(book.Relaxed.Heldout)),
            _ => ("standard", ""),
        };
        string filler = random.Chance(0.3) ? random.Pick(book.Fillers.Heldout) : "";
        string[] around = [note, filler];
        int before = random.Chance(0.3) ? random.Next(3) : 0;
        return new DemoDraft
        {
            Intent = intent,
            Core = random.Pick(intent.Heldout),
            Order = null,
            Haste = priority,
            Opener = random.Pick(book.Openers.Heldout),
            Before = [.. around.Take(before).Where(part => part.Length > 0)],
            After = [.. around.Skip(before).Where(part => part.Length > 0)],
            Closer = random.Pick(book.Closers.Heldout),
            Reply = random.Chance(0.35),
        }.WithNames(book, random);
    }

    /// <summary>An order number and an item where the core has a place for them.</summary>
    public DemoDraft WithNames(PhraseBook book, SeededRandom random) => this with
    {
        Order = !Has("{order}") ? null : Order ?? (10_000 + random.Next(random.Chance(0.5) ? 90_000 : 990_000)).ToString(CultureInfo.InvariantCulture),
        Item = !Has("{item}") ? null : Item ?? random.Pick(book.Items),
    };
}
