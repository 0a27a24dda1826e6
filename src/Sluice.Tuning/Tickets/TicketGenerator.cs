using System.Globalization;
using System.Text;
using Sluice.Tuning.Training;

namespace Sluice.Tuning.Tickets;

/// <summary>Makes tickets: the same seed, the same tickets. Openers, haste and closers surround a core phrase; a quarter carries typing mistakes.</summary>
/// <param name="seed">Of everything that is drawn.</param>
/// <param name="split">Whose phrases.</param>
/// <param name="judge">Of <see cref="TicketSplit.Judge"/>: a name of <see cref="PhraseBook.JudgeNames"/> or a file; null takes the first.</param>
public sealed class TicketGenerator(ulong seed, TicketSplit split, string? judge = null)
{
    private readonly SeededRandom _random = new(seed);
    private readonly PhraseBook _book = judge is null ? PhraseBook.Shipped : PhraseBook.Shipped.With(PhraseBook.Judge(judge));

    public static IReadOnlyList<string> Labels => PhraseBook.Shipped.Labels;

    public Ticket Next()
    {
        Intent intent = _random.Pick(_book.Intents);
        string core = Say(intent.Pick(split, _random));
        if (split == TicketSplit.Train) core = Roughen(core);
        string? order = null;
        if (core.Contains("{order}", StringComparison.Ordinal))
        {
            order = (10_000 + _random.Next(_random.Chance(0.5) ? 90_000 : 990_000)).ToString(CultureInfo.InvariantCulture);
            core = core.Replace("{order}", order, StringComparison.Ordinal);
        }
        core = core.Replace("{item}", _random.Pick(_book.Items), StringComparison.Ordinal);
        double haste = _random.NextDouble();
        (string priority, string note) = haste switch
        {
            < 0.2 => ("high", Say(_book.Urgent.Pick(split, _random))),
            < 0.35 => ("low", Say(_book.Relaxed.Pick(split, _random))),
            _ => ("normal", ""),
        };
        string opener = Say(_book.Openers.Pick(split, _random)), closer = Say(_book.Closers.Pick(split, _random));
        string filler = _random.Chance(0.3) ? Say(_book.Fillers.Pick(split, _random)) : "";
        string noise = split == TicketSplit.Train && _random.Chance(0.5) ? Noise() : "";
        List<string> body = [core, note, filler, noise];
        List<string> parts = [opener];
        while (body.Count > 0)
        {
            int pick = _random.Chance(0.6) ? 0 : _random.Next(body.Count);
            parts.Add(body[pick]);
            body.RemoveAt(pick);
        }
        string text = string.Join(' ', parts.Append(closer).Where(part => part.Length > 0));
        if (_random.Chance(0.15))
        {
            text = text.ToLowerInvariant();
        }
        if (_random.Chance(0.25))
        {
            text = Mistype(text, _random);
        }
        string reply = order is null ? intent.Replies[1] : intent.Replies[0].Replace("{order}", order, StringComparison.Ordinal);
        return new Ticket(text, intent.Label, priority, order, reply);
    }

    private string Say(string pattern) => _book.Variations.Say(pattern, _random);

    /// <summary>As hurried people write: a word left out now and then, the mark at the end missing or another.</summary>
    private string Roughen(string core)
    {
        if (_random.Chance(0.15))
        {
            string[] words = core.Split(' ');
            int drop = _random.Next(words.Length);
            if (words.Length > 4 && !words[drop].Contains('{', StringComparison.Ordinal)) core = string.Join(' ', words.Where((_, at) => at != drop));
        }
        if (char.IsLetterOrDigit(core[^1]) || core[^1] == '}') core += _random.Pick((string[])[".", ".", ".", ".", "!", "", "..."]);
        return core;
    }

    /// <summary>A sentence of words that mean nothing here, some of them no words at all: what training needs so that unknown text does not throw the model off.</summary>
    private string Noise()
    {
        StringBuilder sentence = new();
        for (int words = 2 + _random.Next(5); words > 0; words--)
        {
            sentence.Append(' ');
            if (_random.Chance(0.8))
            {
                sentence.Append(_random.Pick(_book.Words));
                continue;
            }
            for (int letters = 2 + _random.Next(7); letters > 0; letters--)
            {
                sentence.Append((char)('a' + _random.Next(26)));
            }
        }
        sentence.Remove(0, 1)[0] = char.ToUpperInvariant(sentence[0]);
        return sentence.Append(".!?,"[_random.Next(4)]).ToString();
    }

    /// <summary>One or two slips inside longer words: a letter dropped, doubled or swapped with the next. Digits are left alone.</summary>
    internal static string Mistype(string text, SeededRandom random)
    {
        StringBuilder builder = new(text);
        for (int slips = 1 + random.Next(2); slips > 0; slips--)
        {
            int at = 1 + random.Next(builder.Length - 3);
            if (!char.IsAsciiLetter(builder[at - 1]) || !char.IsAsciiLetterLower(builder[at]) || !char.IsAsciiLetterLower(builder[at + 1]))
            {
                continue;
            }
            switch (random.Next(3))
            {
                case 0:
                    builder.Remove(at, 1);
                    break;
                case 1:
                    builder.Insert(at, builder[at]);
                    break;
                default:
                    (builder[at], builder[at + 1]) = (builder[at + 1], builder[at]);
                    break;
            }
        }
        return builder.ToString();
    }
}
