using System.Runtime.InteropServices;
using System.Text;

namespace Sluice.Service.Cache;

/// <summary>Writes what a line says: its clauses without courtesy, each reduced, in an order that does not depend on which of two stands first.</summary>
internal static class GuardClauses
{
    private const char ClauseMark = '\u0003';
    private const char SentenceMark = '\u0004';
    private const char LineMark = '\u0005';
    private const char QuestionMark = '\u0006';

    public static void Append(StringBuilder said, GuardLine line)
    {
        // A line of nothing but courtesy is what is asked about: it stays.
        bool drop = line.Clauses.Any(clause => !GuardCourtesy.IsCourtesy(clause) && !IsLabel(clause));
        List<List<GuardToken>> sentence = [];
        int from = 0;
        for (int i = 0; i < line.Clauses.Count; i++)
        {
            if (!(drop && GuardCourtesy.IsCourtesy(line.Clauses[i])))
            {
                Cut(line.Clauses[i], sentence, drop);
            }
            if (line.SentenceEnds.Contains(i))
            {
                AppendSentence(said, sentence, line.Asked.Contains(i) && !GuardQuestions.IsPlain(CollectionsMarshal.AsSpan(line.Clauses)[from..(i + 1)]));
                sentence.Clear();
                from = i + 1;
            }
        }
        AppendSentence(said, sentence, asks: false);
        said.Append(LineMark);
    }

    private static bool IsLabel(List<GuardToken> clause) => clause is [.., { Kind: GuardKind.Literal, Text: ":" }];

    /// <summary>Reduces the clause and cuts it before a word that introduces another.</summary>
    private static void Cut(List<GuardToken> clause, List<List<GuardToken>> into, bool courtesyGoes)
    {
        int length = clause.Count - (courtesyGoes ? GuardCourtesy.Ending(clause) : 0);
        List<GuardToken> plain = [.. clause.Take(length).Where(token => !(token.Is("please") || token.Is("kindly") || token.Is("pls") || token.Is("plz")))];
        List<GuardToken> words = Reduce(GuardPhrases.Rewrite(plain));
        int from = 0;
        for (int i = 1; i <= words.Count; i++)
        {
            if (i == words.Count || (words[i].Kind == GuardKind.Word && GuardWords.Introducers.Contains(words[i].Text)))
            {
                into.Add(words[from..i]);
                from = i;
            }
        }
    }

    /// <summary>Drops what says nothing here and gives words of one meaning one form. <c>Where is X</c> and <c>where X is</c> become the same.</summary>
    private static List<GuardToken> Reduce(List<GuardToken> words)
    {
        List<GuardToken> kept = new(words.Count + 1);
        for (int i = 0; i < words.Count; i++)
        {
            GuardToken token = words[i];
            if (token.Kind != GuardKind.Word)
            {
                kept.Add(token);
                continue;
            }
            GuardToken next = i + 1 < words.Count ? words[i + 1] : default;
            bool joins = token.Text == "that" && next.Kind == GuardKind.Word && next.Text is not null && GuardWords.Subjects.Contains(next.Text);
            if (!joins && !GuardWords.IsDropped(token.Text))
            {
                string word = token.Text is "for" or "of" or "on" or "about" && IsReference(words, i + 1) ? "of" : GuardWords.Same(token.Text);
                kept.Add(new GuardToken(GuardKind.Word, word));
            }
        }
        if (kept.Count > 2 && kept[0].Kind == GuardKind.Word && GuardWords.Questions.Contains(kept[0].Text) && (kept[1].Is("is") || kept[1].Is("was")))
        {
            kept.Add(kept[1]);
            kept.RemoveAt(1);
        }
        return kept;
    }

    /// <summary>An order, ticket or case with its number.</summary>
    private static bool IsReference(List<GuardToken> words, int at)
    {
        while (at < words.Count && words[at].Kind == GuardKind.Word && GuardWords.IsDropped(words[at].Text))
        {
            at++;
        }
        return at + 1 < words.Count && words[at].Kind == GuardKind.Word && GuardWords.References.Contains(words[at].Text) && words[at + 1].Kind == GuardKind.Literal;
    }

    /// <summary>Of a main clause and one that is introduced (because, if, before, ...) the main one is written first; anything else keeps its order.</summary>
    private static void AppendSentence(StringBuilder said, List<List<GuardToken>> clauses, bool asks)
    {
        clauses.RemoveAll(clause => clause.Count == 0);
        if (clauses.Count == 0)
        {
            return;
        }
        if (clauses.Count == 2 && IsIntroduced(clauses[0]) && !IsIntroduced(clauses[1]))
        {
            clauses.Reverse();
        }
        foreach (List<GuardToken> clause in clauses)
        {
            foreach (GuardToken token in clause)
            {
                said.Append((char)('A' + token.Kind)).Append(token.Text).Append('\0');
            }
            said.Append(ClauseMark);
        }
        said.Append(asks ? QuestionMark : SentenceMark);
    }

    private static bool IsIntroduced(List<GuardToken> clause) => clause[0].Kind == GuardKind.Word && GuardWords.Introducers.Contains(clause[0].Text);
}
