namespace Sluice.Engine.Sequences;

/// <summary>Says what is wrong with a request that a model can never run: the field, the limit and the value.</summary>
internal static class RequestCheck
{
    public const int MostAlternatives = 20;
    public const int MostConversationLength = 128;
    public const int LastClass = 3;

    /// <summary>Throws <see cref="ArgumentException"/> for the first thing that is wrong.</summary>
    /// <param name="request">What was handed over.</param>
    /// <param name="info">Limits of the engine.</param>
    /// <param name="vocabulary">Ids are below this.</param>
    /// <param name="readsText">The engine has a tokenizer, or needs none.</param>
    public static void Check(EngineRequest request, EngineInfo info, int vocabulary, bool readsText)
    {
        ArgumentNullException.ThrowIfNull(request);
        CheckIds(request.Prompt, nameof(request.Prompt), vocabulary);
        Require(
            request.Conversation is null or { Length: >= 1 and <= MostConversationLength },
            nameof(request.Conversation), $"1 to {MostConversationLength} characters", $"{request.Conversation?.Length}");
        Require(request.Class is >= 0 and <= LastClass, nameof(request.Class), $"0 to {LastClass}", $"{request.Class}");
        long longest = request.Prompt.Length;
        switch (request.Kind)
        {
            case SequenceKind.Generate:
                CheckGenerate(request, readsText);
                CheckSampling(request.Sampling, vocabulary);
                longest++;
                break;
            case SequenceKind.Score:
                Require(request.Choices.Count > 0, nameof(request.Choices), "at least one choice", "none");
                for (int i = 0; i < request.Choices.Count; i++)
                {
                    CheckIds(request.Choices[i], $"{nameof(request.Choices)}[{i}]", vocabulary);
                    longest = Math.Max(longest, (long)request.Prompt.Length + request.Choices[i].Length);
                }

                break;
            case SequenceKind.Embed:
                break;
            default:
                throw Error(nameof(request.Kind), "Generate, Score or Embed", $"{(int)request.Kind}");
        }

        Require(longest <= info.ContextLength, "Prompt", $"at most {info.ContextLength} tokens with what follows it (context length)", $"{longest}");
        long pages = PagesNeeded(request, info);
        Require(pages <= info.TotalPages, "Prompt", $"a sequence of at most {info.TotalPages} KV pages of {info.PageTokens} tokens", $"one of {pages}: {request.Prompt.Length} prompt tokens{Besides(request, info)}");
    }

    private static string Besides(EngineRequest request, EngineInfo info) => request.Kind switch
    {
        SequenceKind.Generate => $" and up to {Capacity(request, info.ContextLength) - request.Prompt.Length} generated ({nameof(request.MaxTokens)} {request.MaxTokens})",
        SequenceKind.Score => $" and {request.Choices.Count} choices of up to {request.Choices.Max(choice => choice.Length)}",
        _ => "",
    };

    /// <summary>Most positions that prompt and generated tokens can come to.</summary>
    public static int Capacity(EngineRequest request, int contextLength) => request.Kind == SequenceKind.Generate
        ? (int)Math.Min((long)request.Prompt.Length + request.MaxTokens, contextLength)
        : request.Prompt.Length;

    // The last token, generated or of a choice, is never computed. A choice shares the prompt's full pages.
    private static long PagesNeeded(EngineRequest request, EngineInfo info)
    {
        int prompt = request.Prompt.Length;
        if (request.Kind == SequenceKind.Generate)
            return Pages(Capacity(request, info.ContextLength) - 1, info);
        int own = 0;
        for (int i = 0; request.Kind == SequenceKind.Score && i < request.Choices.Count; i++)
        {
            if (request.Choices[i].Length > 1)
                own = Math.Max(own, Pages(prompt + request.Choices[i].Length - 1, info) - (prompt / info.PageTokens));
        }

        return (long)Pages(prompt, info) + own;
    }

    private static int Pages(int positions, EngineInfo info) => (positions + info.PageTokens - 1) / info.PageTokens;

    private static void CheckGenerate(EngineRequest request, bool readsText)
    {
        Require(request.MaxTokens >= 1, nameof(request.MaxTokens), "1 or more", $"{request.MaxTokens}");
        Require(request.Logprobs is null or (>= 0 and <= MostAlternatives), nameof(request.Logprobs), $"0 to {MostAlternatives}", $"{request.Logprobs}");
        Require(readsText || request.Stop.Count == 0, nameof(request.Stop), "no stop texts, as this engine has no tokenizer", $"{request.Stop.Count}");
        for (int i = 0; i < request.Stop.Count; i++)
            Require(!string.IsNullOrEmpty(request.Stop[i]), $"{nameof(request.Stop)}[{i}]", "a text", "none");
    }

    private static void CheckSampling(SamplingOptions sampling, int vocabulary)
    {
        Require(sampling.Temperature >= 0 && float.IsFinite(sampling.Temperature), nameof(sampling.Temperature), "0 or more", $"{sampling.Temperature}");
        Require(sampling.TopK >= 0, nameof(sampling.TopK), "0 or more", $"{sampling.TopK}");
        Require(sampling.TopP is > 0 and <= 1, nameof(sampling.TopP), "above 0, at most 1", $"{sampling.TopP}");
        Require(sampling.MinP is >= 0 and <= 1, nameof(sampling.MinP), "0 to 1", $"{sampling.MinP}");
        Require(float.IsFinite(sampling.FrequencyPenalty), nameof(sampling.FrequencyPenalty), "a finite number", $"{sampling.FrequencyPenalty}");
        Require(float.IsFinite(sampling.PresencePenalty), nameof(sampling.PresencePenalty), "a finite number", $"{sampling.PresencePenalty}");
        Require(sampling.RepetitionPenalty > 0 && float.IsFinite(sampling.RepetitionPenalty), nameof(sampling.RepetitionPenalty), "above 0", $"{sampling.RepetitionPenalty}");
        for (int i = 0; i < sampling.LogitBias.Count; i++)
        {
            (int id, float bias) = sampling.LogitBias[i];
            Require((uint)id < (uint)vocabulary, $"{nameof(sampling.LogitBias)}[{i}].Id", $"an id from 0 to {vocabulary - 1}", $"{id}");
            Require(float.IsFinite(bias), $"{nameof(sampling.LogitBias)}[{i}].Bias", "a finite number", $"{bias}");
        }
    }

    private static void CheckIds(int[] ids, string field, int vocabulary)
    {
        Require(ids is { Length: > 0 }, field, "at least one token", "none");
        for (int i = 0; i < ids.Length; i++)
        {
            if ((uint)ids[i] >= (uint)vocabulary)
                throw Error($"{field}[{i}]", $"an id from 0 to {vocabulary - 1}", $"{ids[i]}");
        }
    }

    private static void Require(bool holds, string field, string limit, string value)
    {
        if (!holds)
            throw Error(field, limit, value);
    }

    private static ArgumentException Error(string field, string limit, string value) => new($"{field}: expected {limit}, found {value}.");
}
