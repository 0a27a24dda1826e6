using Sluice.Tuning.Training;

namespace Sluice.Tuning.Tickets;

/// <summary>Makes a ticket that asks the same in other words: the same order number and item, another greeting, politeness, contractions; or another phrase.</summary>
internal static class Rewordings
{
    private static readonly (string From, string To)[] s_edits =
    [
        ("I would like ", "I'd like "), ("can not ", "cannot "), ("has not ", "hasn't "), ("is not ", "isn't "), ("does not ", "doesn't "), ("could not ", "couldn't "),
        ("I am ", "I'm "), ("I have ", "I've "), ("cancelled", "canceled"), ("Kindly ", "Please "), ("Please ", "Could you please "), ("Could I ", "Can I "), ("May I ", "Can I "),
        ("Ship ", "Please ship "), ("Erase ", "Please erase "), ("I want ", "I would like "), ("The {item}", "My {item}"), ("of the {item}", "of my {item}"), ("The parcel", "My parcel"),
        ("The package", "My package"), ("how can I", "how do I"),
    ];

    /// <summary>Places of the originals: first those that another phrase of the same intent can say, then any.</summary>
    public static IEnumerable<int> Choose(IReadOnlyList<int> from, DemoDraft[] drafts, int count, int paraphrased)
    {
        int[] first = [.. from.Where(at => Others(drafts[at]).Any()).Take(paraphrased)];
        return first.Concat(from.Except(first).Take(count - paraphrased));
    }

    /// <summary>The same in another phrase of its intent.</summary>
    public static DemoDraft Paraphrase(DemoDraft draft, SeededRandom random) => draft with { Core = random.Pick([.. Others(draft)]) };

    /// <summary>The same phrase, dressed otherwise.</summary>
    public static DemoDraft Reword(DemoDraft draft, PhraseBook book, SeededRandom random)
    {
        string core = draft.Core;
        if (random.Chance(0.6))
        {
            (string From, string To)[] fitting = [.. s_edits.Where(edit => core.Contains(edit.From, StringComparison.Ordinal))];
            if (fitting.Length > 0)
            {
                (string was, string becomes) = random.Pick(fitting);
                core = core.Replace(was, becomes, StringComparison.Ordinal);
                // A phrase that was wrapped into a question ends as one.
                core = becomes == "Could you please " ? core.TrimEnd('.') + "?" : core;
            }
        }
        return draft with
        {
            Core = core,
            Opener = Another(draft.Opener, [.. book.Openers.Heldout, .. book.Openers.Train]),
            Closer = Another(draft.Closer, [.. book.Closers.Heldout, .. book.Closers.Train]),
        };

        string Another(string old, string[] all) => random.Pick([.. all.Where(one => one != old)]);
    }

    /// <summary>Phrases of the intent with the same places, but not the draft's own.</summary>
    private static IEnumerable<string> Others(DemoDraft draft) =>
        draft.Intent.Heldout.Where(core => core != draft.Core && draft.Has("{order}") == core.Contains("{order}", StringComparison.Ordinal) && draft.Has("{item}") == core.Contains("{item}", StringComparison.Ordinal) && draft.Order is not null);
}
