using System.Text;
using Sluice.Batching.Simulation;
using Sluice.Engine.Tokens;
using Sluice.Service.Models;

namespace Sluice.Cli.Bench.Batching;

/// <summary>Prompts of a wanted length that begin alike where a trace's do: every block of the trace becomes a page of words that the model's tokenizer has as one token each.</summary>
internal sealed class LiveTexts
{
    public const int BlockTokens = SimLimits.PageTokens;
    private const int FewestWords = 16, MostWords = 512;
    private readonly string[] _words;
    private readonly int _begin;

    public LiveTexts(ServedModel model)
    {
        Tokenizer tokenizer = model.Tokenizer ?? throw CommandFailedException.Usage("--model: it has no tokenizer.");
        _begin = model.EncodePrompt("").Length;
        _words = [.. Words(tokenizer).Take(MostWords)];
        if (_words.Length < FewestWords)
        {
            throw CommandFailedException.Usage($"--model: its tokenizer has only {_words.Length} words that are one token each; {FewestWords} are needed to make prompts of a known length.");
        }
    }

    /// <summary>A prompt of <paramref name="tokens"/> tokens that shares a page with every other of the salt whose blocks begin the same.</summary>
    /// <param name="salt">Prompts of different salts share nothing.</param>
    /// <param name="blocks">Ids of leading blocks.</param>
    /// <param name="number">Makes the rest its own.</param>
    /// <param name="tokens">Of all, the token that begins a prompt included.</param>
    public string Prompt(int salt, IReadOnlyList<int> blocks, int number, int tokens)
    {
        StringBuilder text = new();
        int left = Math.Max(1, tokens - _begin);
        foreach (int block in blocks)
        {
            Add(text, new Random(HashOf(salt, block)), Math.Min(left, BlockTokens));
            left -= Math.Min(left, BlockTokens);
        }
        Add(text, new Random(HashOf(salt + 1_000, number)), left);
        return text.ToString();
    }

    private static int HashOf(int a, int b) => unchecked((a * (int)0x9E3779B1) ^ (b * (int)0x85EBCA6B));

    private void Add(StringBuilder text, Random random, int words)
    {
        for (int i = 0; i < words; i++)
        {
            text.Append(_words[random.Next(_words.Length)]);
        }
    }

    private static IEnumerable<string> Words(Tokenizer tokenizer)
    {
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            string text = " " + tokenizer.Decode([id]).Trim();
            if (text.Length > 2 && text.AsSpan(1).IndexOfAnyExceptInRange('a', 'z') < 0 && tokenizer.EncodeContinuation(text + text) is [int first, int second] && first == second)
            {
                yield return text;
            }
        }
    }
}
