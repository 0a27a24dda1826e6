using System.Security.Cryptography;
using System.Text;

namespace Sluice.Service.Cache;

/// <summary>
/// Says whether two texts that read alike ask the same. A text is reduced to what it says: greetings, thanks, polite frames, the definite article and contractions
/// go, everything else stays in its order with numbers, units, negations, names, quotations and code as written. Two texts pass when the rest is equal,
/// so a word that is not known to be harmless makes a pair fail: a wrong refusal costs a run, a wrong pass a wrong answer.
/// </summary>
/// <remarks>
/// The rest is kept as a digest, computed when an entry is written and compared when it is read: no prompt text is needed beside the entry, and the
/// comparison is an equality that an index serves. A text that is about wording (translate, spell, rephrase, ...) is compared as it stands.
/// </remarks>
internal static class SimilarityGuard
{
    /// <summary>Bytes of a signature.</summary>
    public const int SignatureLength = 16;

    /// <summary>Part of every signature: a change of rules makes those of before match nothing.</summary>
    private const string Version = "guard-2";

    /// <summary>Signatures of texts that may share an answer are equal; (<see cref="SignatureLength"/>), the same on every machine.</summary>
    public static byte[] Sign(string text)
    {
        List<GuardLine> lines = GuardReader.Read(text);
        StringBuilder said = new(text.Length + 64);
        said.Append(Version);
        if (AboutWording(lines))
        {
            AppendAsItStands(said.Append("\u0001verbatim\u0001"), text);
        }
        else
        {
            foreach (GuardLine line in lines)
            {
                GuardClauses.Append(said, line);
            }
        }
        return SHA256.HashData(Encoding.UTF8.GetBytes(said.ToString()))[..SignatureLength];
    }

    private static bool AboutWording(List<GuardLine> lines)
    {
        foreach (GuardLine line in lines)
        {
            foreach (List<GuardToken> clause in line.Clauses.Where(clause => !GuardCourtesy.IsCourtesy(clause)))
            {
                foreach (GuardToken token in clause)
                {
                    if (token.Kind != GuardKind.Literal && GuardWords.Wording.Contains(token.Text))
                    {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /// <summary>Runs of white space count as one space.</summary>
    private static void AppendAsItStands(StringBuilder said, string text)
    {
        bool space = false;
        foreach (char c in text.AsSpan().Trim())
        {
            if (char.IsWhiteSpace(c))
            {
                space = true;
                continue;
            }
            said.Append(space ? " " : "").Append(c);
            space = false;
        }
    }
}
