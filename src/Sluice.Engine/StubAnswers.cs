using System.Globalization;
using Sluice.Engine.Sampling;
using Sluice.Engine.Sequences;

namespace Sluice.Engine;

/// <summary>Answers that depend on the prompt's ids alone (and, for a score, on the choice's).</summary>
internal static class StubAnswers
{
    private const int MostTokens = 16;
    private const int Vocabulary = 256;

    public static EngineResult To(EngineRequest request, EngineInfo info)
    {
        long hash = Hash(0, request.Prompt);
        return request.Kind switch
        {
            SequenceKind.Generate => Generate(request, info, hash),
            SequenceKind.Score => new EngineResult { ChoiceLogprobs = [.. request.Choices.Select(choice => Score(hash, choice))] },
            SequenceKind.Embed => new EngineResult { Embedding = Embed(hash, info.HiddenSize) },
            _ => throw new ArgumentOutOfRangeException(nameof(request), request.Kind, null),
        };
    }

    // "stub:" and the hash. As many tokens as the hash says, at most 16; run past the end, as many as there is room for.
    private static EngineResult Generate(EngineRequest request, EngineInfo info, long hash)
    {
        int room = RequestCheck.Capacity(request, info.ContextLength) - request.Prompt.Length;
        int length = request.IgnoreEnd ? room : Math.Min(room, 1 + (int)((ulong)hash % MostTokens));
        int[] tokens = new int[length];
        for (int i = 0; i < length; i++)
            tokens[i] = (int)(CounterRandom.Bits(hash, i) % Vocabulary);
        TextCutter text = new(request.Stop);
        bool stopped = text.Append("stub:" + hash.ToString("x16", CultureInfo.InvariantCulture));
        return new EngineResult
        {
            Tokens = tokens,
            Text = text.Text,
            FinishReason = stopped || length < room ? FinishReason.Stop : FinishReason.Length,
            Logprobs = request.Logprobs is { } top ? [.. tokens.Select(id => Describe(hash, id, top))] : [],
        };
    }

    private static SampledToken Describe(long hash, int id, int alternatives)
    {
        (int, float)[] top = new (int, float)[alternatives];
        for (int i = 0; i < alternatives; i++)
            top[i] = ((id + i) % Vocabulary, -1 - i);
        return new SampledToken(id, alternatives > 0 ? -1 : (float)-CounterRandom.Uniform(hash, id), top);
    }

    private static double Score(long hash, int[] choice)
    {
        double sum = 0;
        for (int i = 0; i < choice.Length; i++)
            sum += Math.Log(1 - CounterRandom.Uniform(hash ^ choice[i], i)) - 1e-9; // below 0
        return sum;
    }

    private static float[] Embed(long hash, int size)
    {
        RowMean mean = new(size);
        float[] row = new float[size];
        for (int i = 0; i < size; i++)
            row[i] = (float)(CounterRandom.Uniform(hash, i) - 0.5);
        mean.Add(row);
        return mean.Unit();
    }

    private static long Hash(long hash, int[] ids)
    {
        foreach (int id in ids)
            hash = (long)CounterRandom.Bits(hash, id);
        return hash;
    }
}
