using System.Globalization;
using System.Text.RegularExpressions;

namespace Sluice.Tests.Cache;

/// <summary>Labelled pairs, the same for the same seed: paraphrases of seven kinds, and pairs of thirteen kinds that look alike and must not share an answer.</summary>
internal sealed partial class PairGenerator(int seed)
{
    private static readonly string[] s_openers = ["Hi,", "Hello,", "Hello there,", "Good morning,", "Dear team,", "Hey,", "To whom it may concern,", "Hi support,", "Greetings,", "Hi all,", "Good evening,", "Hey folks,"];
    private static readonly string[] s_closers = ["Thanks.", "Thank you!", "Best regards.", "Please help.", "Thanks in advance.", "Kind regards.", "Let me know.", "Many thanks.", "Cheers.", "Thank you for your help.", "Looking forward to your reply.", "Have a nice day!"];
    private static readonly string[] s_frames = ["Please {0}.", "Could you {0}?", "Can you please {0}?", "I would like you to {0}.", "I want you to {0}.", "Would you {0}, please?", "I need you to {0}.", "Kindly {0}.", "I'd like you to {0}.", "{1}.", "I was wondering if you could {0}.", "Would you mind to {0}?", "Go and {0}.", "{1}, please."];
    private static readonly (string Long, string Short)[] s_contractions = [("is not", "isn't"), ("do not", "don't"), ("does not", "doesn't"), ("cannot", "can't"), ("I am", "I'm"), ("I would", "I'd"), ("has not", "hasn't"), ("I have", "I've"), ("was not", "wasn't"), ("it is", "it's"), ("What is", "What's"), ("Where is", "Where's"), ("Who is", "Who's"), ("will not", "won't"), ("did not", "didn't")];
    private static readonly (string From, string To)[] s_function = [(" my ", " the "), (" about ", " regarding "), (" for order ", " for my order "), (" for order ", " on order "), (" of order ", " for order "), (" because ", " as "), (" any more", " anymore"), (" yet", ""), (" that ", " which "), (" so ", " therefore "), (" before ", " prior to "), (" order ", " order number "), (" I cannot ", " I can not "), (" on ", " upon "), (" with ", " using "), (" can I ", " could I "), ("How do I ", "How can I ")];
    private static readonly (string From, string To)[] s_antonyms = [("increase", "decrease"), ("enable", "disable"), ("before", "after"), ("open", "close"), ("larger", "smaller"), ("add ", "remove "), ("from", "to"), ("taller", "shorter"), ("late", "early"), ("restart", "stop"), ("buy", "sell"), ("afternoon", "morning"), ("south", "north"), ("winter", "summer"), ("without", "with"), ("return", "keep"), ("full", "empty"), ("cheap", "expensive"), ("twice", "once"), ("sorts", "shuffles"), ("accepted", "rejected"), ("damaged", "repaired"), ("child", "professor"), ("delete", "restore"), ("up", "down")];
    private static readonly (string From, string To)[] s_modal = [("will ", "did "), ("must ", "may "), ("Can I ", "Should I "), ("Should I ", "Must I "), ("was ", "will be "), ("is ", "was "), ("When ", "Where "), ("Where ", "When "), ("How ", "Why "), ("Why ", "How "), ("has not arrived", "will not arrive"), ("I would like", "You would like"), ("Who ", "Why ")];
    private static readonly (string From, string To)[] s_quantity = [("all ", "some "), ("All ", "Some "), ("only ", "also "), ("the ", "both "), ("a ", "every "), ("my ", "all my "), ("the ", "no "), ("the ", "the other ")];
    private static readonly string[] s_conditions = ["unless it is too late", "if it is free", "but keep a copy", "except on weekends", "and notify the manager", "only for new customers", "in the cheapest way", "without asking first"];
    private static readonly string[] s_units = ["kg", "g", "mg", "pounds", "ounces", "liters", "tons", "cups"];

    private readonly Random _random = new(seed);

    /// <summary>Every kind in turn, <paramref name="each"/> pairs of each.</summary>
    public IEnumerable<LabelledPair> All(int each)
    {
        (string Kind, bool Same, Func<(string, string)?> Make)[] kinds =
        [
            ("courtesy", true, Courtesy), ("frame", true, Frame), ("contraction", true, Contraction), ("function words", true, FunctionWords),
            ("clause order", true, ClauseOrder), ("mixed", true, Mixed), ("rephrased", true, Rephrased),
            ("numbers", false, () => Redrawn("order", "amount", "count")), ("negation", false, Negation), ("product", false, () => Redrawn("item", "item2", "lang")),
            ("names", false, () => Redrawn("name", "other", "city", "town", "country", "day")), ("roles", false, Roles), ("antonyms", false, () => Swapped(s_antonyms)),
            ("units", false, Units), ("code", false, () => Redrawn("code")), ("quantity", false, () => Swapped(s_quantity)),
            ("tense and modality", false, () => Swapped(s_modal)), ("condition", false, Condition), ("wording", false, Wording), ("other question", false, Other),
        ];
        foreach ((string kind, bool same, Func<(string, string)?> make) in kinds)
        {
            for (int made = 0; made < each;)
            {
                if (make() is (string first, string second) && first != second)
                {
                    yield return new LabelledPair(kind, same, first, second);
                    made++;
                }
            }
        }
    }

    private (string, string)? Courtesy()
    {
        string text = Fill(Sentence());
        return (Dress(text, always: false), Dress(text, always: true));
    }

    private (string, string)? Frame()
    {
        string core = Fill(Form(Pick(AskBook.Requests), 0));
        return (Framed(core), Framed(core));
    }

    private (string, string)? Contraction()
    {
        string text = Fill(Sentence());
        return (text, Contract(text));
    }

    private (string, string)? FunctionWords()
    {
        string text = Sentence();
        (string from, string to) = Pick(s_function);
        string other = ReplaceOnce(text, from, to);
        Dictionary<string, string> values = [];
        return other == text ? null : (Fill(text, values), Fill(other, values));
    }

    private (string, string)? ClauseOrder()
    {
        (string main, string joined) = Pick(AskBook.Clauses);
        Dictionary<string, string> values = [];
        return (Fill(Capital(main) + " " + joined + ".", values), Fill(Capital(joined) + ", " + main + ".", values));
    }

    private (string, string)? Mixed()
    {
        if (_random.Next(2) == 0)
        {
            string core = Fill(Form(Pick(AskBook.Requests), 0));
            return (Dress(Framed(core), always: false), Dress(Framed(core), always: true));
        }
        string text = Fill(Sentence());
        return (Dress(Contract(text), always: false), Dress(text, always: true).ToLowerInvariant());
    }

    private (string, string)? Rephrased()
    {
        string ask = Pick([.. AskBook.Requests, .. AskBook.Statements, .. AskBook.Questions]);
        int forms = ask.Split('|').Length;
        Dictionary<string, string> values = [];
        return (Fill(Capital(Form(ask, 0)), values), Fill(Capital(Form(ask, 1 + _random.Next(forms - 1))), values));
    }

    /// <summary>The same template with one of these slots drawn anew.</summary>
    private (string, string)? Redrawn(params string[] slots)
    {
        string text = Sentence();
        string[] there = [.. slots.Where(slot => text.Contains("{" + slot + "}", StringComparison.Ordinal))];
        if (there.Length == 0)
        {
            return null;
        }
        Dictionary<string, string> values = [];
        string first = Fill(text, values);
        values.Remove(Pick(there));
        return Dressed(first, Fill(text, values));
    }

    private (string, string)? Negation()
    {
        Dictionary<string, string> values = [];
        if (_random.Next(2) == 0)
        {
            string core = Fill(Form(Pick(AskBook.Requests), 0));
            return Dressed(Framed(core), Pick(new[] { "Please do not {0}.", "Don't {0}.", "Never {0}.", "I do not want you to {0}.", "You must not {0}." }).Replace("{0}", core, StringComparison.Ordinal));
        }
        string text = Fill(Sentence(), values);
        string denied = Negatable().Replace(text, match => match.Groups[2].Success ? match.Groups[1].Value : match.Value + " not", 1);
        return denied == text ? null : Dressed(text, denied);
    }

    private (string, string)? Roles()
    {
        string text = Sentence();
        (string one, string two) = Pick(new[] { ("{name}", "{other}"), ("{city}", "{town}"), ("{item}", "{item2}") });
        if (!text.Contains(one, StringComparison.Ordinal) || !text.Contains(two, StringComparison.Ordinal) || text.Contains("taller", StringComparison.Ordinal) || text.Contains("compare", StringComparison.OrdinalIgnoreCase) || text.Contains("How far", StringComparison.Ordinal))
        {
            return null;
        }
        Dictionary<string, string> values = [];
        string first = Fill(text, values);
        return Dressed(first, Fill(text.Replace(one, "\u0001", StringComparison.Ordinal).Replace(two, one, StringComparison.Ordinal).Replace("\u0001", two, StringComparison.Ordinal), values));
    }

    private (string, string)? Swapped((string From, string To)[] table)
    {
        string text = Sentence();
        (string from, string to) = Pick(table);
        string other = ReplaceWord(text, from, to);
        Dictionary<string, string> values = [];
        return other == text ? null : Dressed(Fill(text, values), Fill(other, values));
    }

    private (string, string)? Units()
    {
        string text = Sentence();
        if (!text.Contains("{quantity}", StringComparison.Ordinal))
        {
            return null;
        }
        Dictionary<string, string> values = [];
        string first = Fill(text, values);
        string number = values["quantity"].Split(' ')[0];
        values["quantity"] = number + " " + Pick(s_units);
        return Dressed(first, Fill(text, values));
    }

    private (string, string)? Condition()
    {
        string core = Fill(Form(Pick(AskBook.Requests), 0));
        return Dressed(Framed(core), Framed(core + " " + Pick(s_conditions)));
    }

    /// <summary>Texts about wording: what is courtesy elsewhere is what is asked about here.</summary>
    private (string, string)? Wording()
    {
        string language = Pick(new[] { "French", "German", "Spanish" });
        string[] said = ["thank you", "thanks", "hello", "hi", "good morning", "please", "could you", "can you", "I am", "I'm", "the", "a"];
        string frame = Pick(new[] { "Translate to {1}: {0}", "How do you say {0} in {1}?", "Translate this sentence. {0}", "Rephrase politely: {0}", "What is the tone of this mail? {0}.", "In {1}: {0}" });
        string One() => frame.Replace("{1}", language, StringComparison.Ordinal).Replace("{0}", Pick(said), StringComparison.Ordinal);
        return (One(), One());
    }

    private (string, string)? Other()
    {
        string[] asks = [.. AskBook.Statements, .. AskBook.Questions];
        string first = Pick(asks), second = Pick(asks);
        return first == second ? null : Dressed(Fill(Form(first, 0)), Fill(Form(second, 0)));
    }

    private (string, string)? Dressed(string first, string second) => first == second ? null : (Dress(first, always: false), Dress(second, always: false));

    private string Dress(string text, bool always)
    {
        string opener = always || _random.Next(3) == 0 ? Pick(s_openers) + " " : "", closer = always || _random.Next(3) == 0 ? " " + Pick(s_closers) : "";
        return opener + text + closer;
    }

    /// <summary>A whole sentence with its slots.</summary>
    private string Sentence() => _random.Next(4) switch
    {
        0 => Framed(Form(Pick(AskBook.Requests), 0)),
        1 => Form(Pick(AskBook.Statements), 0),
        2 => Form(Pick(AskBook.Questions), 0),
        _ => Clause(),
    };

    private string Clause()
    {
        (string main, string joined) = Pick(AskBook.Clauses);
        return Capital(main) + " " + joined + ".";
    }

    private string Framed(string core) => Pick(s_frames).Replace("{0}", core, StringComparison.Ordinal).Replace("{1}", Capital(core), StringComparison.Ordinal);

    private static string Contract(string text)
    {
        foreach ((string written, string said) in s_contractions)
        {
            text = text.Replace(written, said, StringComparison.Ordinal);
        }
        return text;
    }

    private string Fill(string text) => Fill(text, []);

    private string Fill(string text, Dictionary<string, string> values) => Slot().Replace(text, match =>
    {
        string slot = match.Groups[1].Value;
        if (!values.TryGetValue(slot, out string? value))
        {
            values[slot] = value = Draw(slot);
        }
        return value;
    });

    private string Draw(string slot) => slot switch
    {
        "order" => Number(10_000, 1_000_000),
        "amount" => Number(10, 5_000),
        "count" => Number(2, 40),
        "quantity" => $"{Number(2, 900)} {Pick(s_units)}",
        _ => Pick(AskBook.Slots[slot]),
    };

    private string Number(int from, int to) => _random.Next(from, to).ToString(CultureInfo.InvariantCulture);

    private T Pick<T>(IReadOnlyList<T> of) => of[_random.Next(of.Count)];

    private static string Form(string ask, int form) => ask.Split('|')[form];

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string ReplaceOnce(string text, string from, string to)
    {
        int at = text.IndexOf(from, StringComparison.Ordinal);
        return at < 0 ? text : string.Concat(text.AsSpan(0, at), to, text.AsSpan(at + from.Length));
    }

    private static string ReplaceWord(string text, string from, string to) => new Regex($@"\b{Regex.Escape(from.TrimEnd())}\b").Replace(text, to.TrimEnd(), 1);

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Slot();

    [GeneratedRegex(@"\b(is|does|do|was|has|can|will|must|are)\b( not\b)?")]
    private static partial Regex Negatable();
}
