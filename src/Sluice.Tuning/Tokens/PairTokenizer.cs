using Sluice.Engine.Tokens;

namespace Sluice.Tuning.Tokens;

/// <summary>
/// Writes a tokenizer of a wanted size that was trained on nothing: the bytes, then pairs of bytes, those of common letters first, then pairs with a byte
/// more. Reads and writes any text; a token is about two characters of English.
/// </summary>
public static class PairTokenizer
{
    private const string CommonFirst = " etaoinshrdlucmfwypvbgkjqxz.,'-\"0123456789TASHWIMBCDPLENRFGOJYKUVQXZ:;?!()\n";
    private static readonly string[] _control = ["<unk>", "<s>", "</s>"];

    /// <summary>The smallest vocabulary: three control tokens and the bytes.</summary>
    public static int Smallest => _control.Length + 256;

    /// <summary>The largest: every pair, and every pair with one byte more.</summary>
    public static int Largest => Smallest + (1 << 16) + (1 << 24);

    /// <summary>Writes tokenizer.json and tokenizer_config.json; id 1 begins, id 2 ends.</summary>
    /// <param name="folder">Where; must exist.</param>
    /// <param name="vocabulary">Tokens, <see cref="Smallest"/> to <see cref="Largest"/>.</param>
    public static void Write(string folder, int vocabulary)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabulary, Smallest);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vocabulary, Largest);
        int tokens = TokenizerWriter.Write(Path.Combine(folder, "tokenizer.json"), _control, [.. Merges().Take(vocabulary - Smallest)]);
        if (tokens != vocabulary)
            throw new InvalidOperationException($"{vocabulary} tokens wanted, {tokens} written");
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"tokenizer_class":"PreTrainedTokenizerFast","bos_token":"<s>","eos_token":"</s>"}""");
    }

    private static IEnumerable<(string Left, string Right)> Merges()
    {
        byte[] common = [.. CommonFirst.Select(c => (byte)c)];
        string[] bytes = [.. common.Concat(Enumerable.Range(0, 256).Select(b => (byte)b).Except(common)).Select(b => ByteLevelAlphabet.CharOf(b).ToString())];
        List<(string Left, string Right)> pairs = [];
        for (int high = 0; high < bytes.Length; high++)
        {
            for (int low = 0; low < high; low++)
            {
                pairs.Add((bytes[low], bytes[high]));
                pairs.Add((bytes[high], bytes[low]));
            }

            pairs.Add((bytes[high], bytes[high]));
        }

        // Texts of three characters split into a pair and a byte in one way only, so no token comes twice.
        return pairs.Concat(pairs.SelectMany(pair => bytes.Select(last => (pair.Left + pair.Right, last))));
    }
}
