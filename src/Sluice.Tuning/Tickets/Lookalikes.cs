using System.Globalization;
using Sluice.Tuning.Training;

namespace Sluice.Tuning.Tickets;

/// <summary>Makes a ticket that reads like another and asks something else: another order number, another item, another wish in the same frame, a negation.</summary>
internal static class Lookalikes
{
    private const int OtherOrder = 10, OtherItem = 7, OtherWish = 8;

    /// <summary>Phrases and their contradiction. The label stays; the answer does not.</summary>
    private static readonly Dictionary<string, string> s_negated = new(StringComparer.Ordinal)
    {
        ["Please resend the invoice {order}."] = "Please do not resend the invoice {order}, send a corrected one.",
        ["Ship order {order} to my new address."] = "Do not ship order {order} to my new address, ship it to my old one.",
        ["Please close and remove my profile."] = "Please do not remove my profile, just close my account.",
        ["Order {order} is too small for me, another size please."] = "Order {order} is not too small for me but too big, another size please.",
        ["The coupon code for the {item} is invalid."] = "The coupon code for the {item} is not invalid, but I get no discount.",
        ["My delivery {order} is much too late."] = "My delivery {order} is not too late yet, but where is it?",
        ["I demand my money back for order {order}."] = "I do not demand all my money back for order {order}, a part of it is enough.",
    };

    /// <summary>Places of the originals, in the order in which <see cref="Make"/> counts them; marks them as taken.</summary>
    public static IEnumerable<int> Choose(IReadOnlyList<int> from, DemoDraft[] drafts, HashSet<int> taken)
    {
        HashSet<string> negated = [];
        int[] contradicted = [.. from.Where(at => s_negated.ContainsKey(drafts[at].Core) && negated.Add(drafts[at].Core)).Take(30 - OtherOrder - OtherItem - OtherWish)];
        taken.UnionWith(contradicted);
        int[] numbered = [.. from.Where(at => drafts[at].Order is not null && !taken.Contains(at)).Take(OtherOrder)];
        taken.UnionWith(numbered);
        int[] named = [.. from.Where(at => drafts[at].Item is not null && !taken.Contains(at)).Take(OtherItem)];
        taken.UnionWith(named);
        int[] framed = [.. from.Where(at => drafts[at].Order is not null && drafts[at].Item is null && !taken.Contains(at)).Take(OtherWish)];
        taken.UnionWith(framed);
        return [.. numbered, .. named, .. framed, .. contradicted];
    }

    public static DemoDraft Make(int index, DemoDraft draft, PhraseBook book, SeededRandom random)
    {
        if (index < OtherOrder)
        {
            return draft with { Order = OtherDigit(draft.Order!, random) };
        }
        if (index < OtherOrder + OtherItem)
        {
            return draft with { Item = random.Pick([.. book.Items.Where(item => item != draft.Item)]) };
        }
        if (index < OtherOrder + OtherItem + OtherWish)
        {
            (Intent intent, string core) = random.Pick(
                [.. book.Intents.Where(intent => intent != draft.Intent).SelectMany(intent => intent.Heldout.Select(core => (intent, core))).Where(wish => wish.core.Contains("{order}", StringComparison.Ordinal) && !wish.core.Contains("{item}", StringComparison.Ordinal))]);
            return draft with { Intent = intent, Core = core };
        }
        return draft with { Core = s_negated[draft.Core] };
    }

    private static string OtherDigit(string order, SeededRandom random)
    {
        int at = 1 + random.Next(order.Length - 1);
        int digit = (order[at] - '0' + 1 + random.Next(9)) % 10;
        return string.Concat(order.AsSpan(0, at), digit.ToString(CultureInfo.InvariantCulture), order.AsSpan(at + 1));
    }
}
