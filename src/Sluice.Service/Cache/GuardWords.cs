using System.Collections.Frozen;

namespace Sluice.Service.Cache;

/// <summary>The words that the guard knows. A word that is in none of these tables is compared as it is.</summary>
internal static class GuardWords
{
    /// <summary>A text with one of these is about wording, where politeness, articles and contractions are what is asked about.</summary>
    public static readonly FrozenSet<string> Wording = Set("""
        translate translates translated translating translation translations translator spell spells spelled spelling pronounce pronounced pronunciation
        rhyme rhymes rhyming synonym synonyms antonym antonyms paraphrase paraphrases rephrase rephrased reword reworded rewrite rewritten proofread
        grammar grammatical grammatically punctuation capitalize capitalise uppercase lowercase vowel vowels syllable syllables letters anagram
        word words sentence sentences phrase phrases say saying quote quotes tone polite politely impolite formal informal sentiment repeat echo verbatim
        transliterate homophone palindrome idiom slang haiku contraction contractions article articles pronoun pronouns preposition prepositions
        rude reply replies respond continue complete completes text texts story poem dialogue message messages speech email
        language english french german spanish italian portuguese dutch polish russian ukrainian turkish arabic hebrew hindi chinese mandarin japanese
        korean vietnamese thai greek latin swedish danish norwegian finnish czech hungarian romanian
        """);

    /// <summary>Ask or introduce; where one of them follows, a clause is a question in its own right.</summary>
    public static readonly FrozenSet<string> Questions = Set("what where when who whom whose which how why");

    /// <summary>Helping verbs, which a capital does not make a name.</summary>
    public static readonly FrozenSet<string> Helping = Set("is are am was were do does did has have had can could should will would must may might");

    /// <summary>What one asks another to do. After another verb <c>can you</c> asks whether, not that: <c>can you swim</c> is not <c>swim</c>.</summary>
    public static readonly FrozenSet<string> Requests = Set("""
        activate add analyse analyze answer apply approve arrange assign block book calculate call cancel change charge check clarify classify close compare compose
        compute configure confirm contact convert copy correct count create credit deactivate debug decrease define delete deliver describe disable download draft
        edit email enable erase evaluate exchange expand explain export extract filter find fix format forward generate get give group help implement import
        increase insert install invite label list load lock look lower mail make merge modify move name notify open order organize pay plan prepare print
        process propose provide raise rank rate recommend redirect reduce refund reject remind remove rename repair replace reschedule resend reserve reset
        restart return review save schedule search sell send set share ship shorten show sign simplify sort split start stop suggest summarise summarize swap
        switch tag tell test trace track transfer turn unblock unlock update upload verify write
        """);

    /// <summary>Begin a clause that may stand before or after the main one.</summary>
    public static readonly FrozenSet<string> Introducers = Set("because if when while although unless until before after since as-soon-as");

    /// <summary>Pronouns after which <c>that</c> only joins.</summary>
    public static readonly FrozenSet<string> Subjects = Set("1 2 i you we he she they it");

    /// <summary>What <c>for</c>, <c>of</c>, <c>on</c> and <c>about</c> all mean the same before, where a number follows.</summary>
    public static readonly FrozenSet<string> References = Set("order orders purchase ticket case");

    /// <summary>Words of up to three letters that are no unit after a number.</summary>
    public static readonly FrozenSet<string> Short = FrozenSet.ToFrozenSet(
        "a an the and or nor but for of on at by to as is are am was be has had did do if so not no yes i me my we us our you he him his she her it its who how why can may all any few per via yet now new old out off up"
            .Split(' '), StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> s_dropped = Set("the please kindly pls plz my our");

    private static readonly FrozenDictionary<string, string> s_same = Map("""
        i=1 me=1 us=we you=2 an=a are=is am=is were=was does=do has=have
        regarding=about concerning=about till=until whilst=while though=although maybe=perhaps upon=on towards=toward amongst=among
        immediately=at-once anymore=any-more
        colour=color colours=colors cancelled=canceled cancelling=canceling favourite=favorite organise=organize centre=center grey=gray
        cheque=check licence=license catalogue=catalog
        """);

    private static readonly FrozenDictionary<string, string> s_contractions = Map("""
        can't=can_not cannot=can_not won't=will_not shan't=shall_not ain't=is_not let's=let_us i'm=i_am it's=it_is that's=that_is what's=what_is
        where's=where_is who's=who_is how's=how_is when's=when_is why's=why_is there's=there_is here's=here_is he's=he_is she's=she_is
        wanna=want_to gonna=going_to gotta=have_to dont=do_not doesnt=does_not didnt=did_not isnt=is_not wasnt=was_not cant=can_not wont=will_not
        hasnt=has_not havent=have_not couldnt=could_not wouldnt=would_not shouldnt=should_not
        """);

    public static bool IsDropped(string word) => s_dropped.Contains(word);

    /// <summary>The one form in which words of the same meaning are kept.</summary>
    public static string Same(string word) => s_same.GetValueOrDefault(word, word);

    /// <summary>Words whose capital names nothing.</summary>
    public static bool IsFunction(string word) =>
        s_dropped.Contains(word) || s_same.ContainsKey(word) || s_contractions.ContainsKey(word) || Questions.Contains(word) || word is "if" or "whether" || Helping.Contains(word)
        || Short.Contains(word) || word.EndsWith("n't", StringComparison.Ordinal) || word.StartsWith("i'", StringComparison.Ordinal);

    /// <summary>Adds the word, or the words that a contraction stands for.</summary>
    public static void Expand(string word, List<GuardToken> into)
    {
        if (s_contractions.TryGetValue(word, out string? both))
        {
            int gap = both.IndexOf('_', StringComparison.Ordinal);
            Add(both[..gap], both[(gap + 1)..]);
        }
        else if (word.EndsWith("n't", StringComparison.Ordinal) && word.Length > 3)
        {
            Add(word[..^3], "not");
        }
        else if (word.EndsWith("'s", StringComparison.Ordinal))
        {
            Add(word[..^2], "'s"); // of, or is: left open
        }
        else if (word.IndexOf('\'', StringComparison.Ordinal) is int at and > 0 && word[at..] is "'re" or "'ve" or "'ll" or "'d" or "'m")
        {
            Add(word[..at], word[at..] switch { "'re" => "are", "'ve" => "have", "'ll" => "will", "'m" => "am", _ => "would" });
        }
        else
        {
            Add(word);
        }

        void Add(params ReadOnlySpan<string> words)
        {
            foreach (string one in words)
            {
                into.Add(new GuardToken(GuardKind.Word, one));
            }
        }
    }

    internal static FrozenSet<string> Set(string words) =>
        words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);

    private static FrozenDictionary<string, string> Map(string pairs) =>
        pairs.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).ToFrozenDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
}
