namespace Sluice.Service.Cache;

/// <summary>Phrases that stand for one thing, longest first: request frames at the start of a clause, and joined words anywhere.</summary>
internal static class GuardPhrases
{
    private enum Place
    {
        /// <summary>Anywhere in a clause.</summary>
        Anywhere,

        /// <summary>At its start, with two tokens or more behind.</summary>
        Start,

        /// <summary>At its start, before what one asks another to do and what to do it to.</summary>
        BeforeRequest,

        /// <summary>At its start, before a question word.</summary>
        BeforeQuestion,

        /// <summary>Anywhere, before a number.</summary>
        BeforeNumber,
    }

    private sealed record Phrase(string[] Words, string[] Means, Place Place);

    private static readonly ILookup<string, Phrase> s_byFirst = All().OrderByDescending(phrase => phrase.Words.Length).ToLookup(phrase => phrase.Words[0]);

    /// <summary>The clause with its phrases replaced by what they mean.</summary>
    public static List<GuardToken> Rewrite(List<GuardToken> clause)
    {
        List<GuardToken> written = new(clause.Count);
        int at = 0;
        while (at < clause.Count)
        {
            Phrase? phrase = clause[at].Kind == GuardKind.Word ? Find(clause, at, atStart: written.Count == 0) : null;
            if (phrase is null)
            {
                written.Add(clause[at++]);
                continue;
            }
            foreach (string word in phrase.Means)
            {
                written.Add(new GuardToken(GuardKind.Word, word));
            }
            at += phrase.Words.Length;
        }
        return written;
    }

    private static Phrase? Find(List<GuardToken> clause, int at, bool atStart)
    {
        foreach (Phrase phrase in s_byFirst[clause[at].Text])
        {
            int next = at + phrase.Words.Length;
            if (next > clause.Count || !Matches(clause, at, phrase.Words))
            {
                continue;
            }
            bool fits = phrase.Place switch
            {
                Place.Start => atStart && clause.Count - next >= 2,
                Place.BeforeRequest => atStart && clause.Count - next >= 2 && GuardWords.Requests.Contains(clause[next].Text),
                Place.BeforeQuestion => atStart && next < clause.Count && GuardWords.Questions.Contains(clause[next].Text),
                Place.BeforeNumber => next < clause.Count && clause[next].Kind == GuardKind.Literal,
                _ => true,
            };
            if (fits)
            {
                return phrase;
            }
        }
        return null;
    }

    private static bool Matches(List<GuardToken> clause, int at, string[] words)
    {
        for (int i = 0; i < words.Length; i++)
        {
            if (!clause[at + i].Is(words[i]))
            {
                return false;
            }
        }
        return true;
    }

    private static IEnumerable<Phrase> All() =>
    [
        .. Read(Place.BeforeRequest, "", """
            can you
            could you
            would you
            will you
            i want you to
            i would like you to
            i need you to
            i would ask you to
            i ask you to
            i want to
            i would like to
            i would love to
            i need to
            i wish to
            i am writing to
            i was wondering if you could
            i wonder if you could
            would you be able to
            would you be so kind as to
            would it be possible for you to
            is it possible for you to
            i would appreciate it if you could
            it would be great if you could
            be so kind as to
            help me to
            can you help me to
            could you help me to
            can you help me
            could you help me
            go ahead and
            """),
        .. Read(Place.Start, "may-i", """
            can i
            could i
            may i
            am i able to
            is it possible to
            is it possible for me to
            would it be possible to
            would it be possible for me to
            """),
        .. Read(Place.Start, "want", """
            i want
            i need
            i would like
            i would like to have
            i would like to get
            i would like to receive
            i would like to request
            i would like to ask for
            i want to have
            i want to get
            i wish to have
            i ask for
            i am asking for
            i request
            i want to request
            can i get
            can i have
            could i get
            could i have
            may i have
            may i get
            give me
            can you give me
            could you give me
            would you give me
            """),
        .. Read(Place.Start, "how-to", """
            how do i
            how can i
            how could i
            how would i
            how does one
            how to
            what do i have to do to
            what do i need to do to
            what must i do to
            what should i do to
            what is the way to
            """),
        .. Read(Place.BeforeQuestion, "", """
            tell me
            can you tell me
            could you tell me
            would you tell me
            do you know
            i would like to know
            i want to know
            i need to know
            i am wondering
            i was wondering
            i wonder
            can you explain
            could you explain
            can you explain to me
            could you explain to me
            explain
            explain to me
            """),
        .. Read(Place.Anywhere, "at-once", "at once\nright away\nstraight away"),
        .. Read(Place.Anywhere, "must", "have to\nhas to"),
        .. Read(Place.Anywhere, "to", "in order to\nso as to"),
        .. Read(Place.Anywhere, "as-soon-as", "as soon as"),
        .. Read(Place.Anywhere, "any-more", "any more"),
        .. Read(Place.Anywhere, "now", "right now\nat the moment\nat present"),
        .. Read(Place.Anywhere, "about", "with regard to\nwith regards to\nwith respect to\nin regard to"),
        .. Read(Place.Anywhere, "because of", "due to\nowing to"),
        .. Read(Place.Anywhere, "many", "a lot of\nlots of"),
        .. Read(Place.BeforeNumber, "order", "order number\norder no\norder nr\norder id"),
    ];

    private static IEnumerable<Phrase> Read(Place place, string means, string phrases) => phrases
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => new Phrase(line.Split(' '), means.Split(' ', StringSplitOptions.RemoveEmptyEntries), place));
}
