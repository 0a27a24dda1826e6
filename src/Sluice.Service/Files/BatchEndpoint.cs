using System.Collections.Frozen;

namespace Sluice.Service.Files;

/// <summary>What a batch line's <c>url</c> asks for.</summary>
internal enum BatchEndpoint
{
    Completions,
    ChatCompletions,
    Embeddings,
    Score,
}

/// <summary>The urls of batch lines, and the members that the body of each may have.</summary>
internal static class BatchEndpoints
{
    private static readonly string[] _sampling =
    [
        "model", "user", "max_tokens", "temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty", "repetition_penalty", "logit_bias", "seed", "stop",
        "logprobs", "n", "stream", "stream_options", "tools", "tool_choice", "functions", "function_call", "response_format",
    ];

    private static readonly FrozenDictionary<BatchEndpoint, FrozenSet<string>> _members = new Dictionary<BatchEndpoint, FrozenSet<string>>
    {
        [BatchEndpoint.Completions] = Set([.. _sampling, "prompt", "echo", "suffix", "best_of"]),
        [BatchEndpoint.ChatCompletions] = Set([.. _sampling, "messages", "max_completion_tokens", "top_logprobs"]),
        [BatchEndpoint.Embeddings] = Set(["model", "user", "input", "encoding_format"]),
        [BatchEndpoint.Score] = Set(["model", "user", "prompt", "messages", "choices", "normalization"]),
    }.ToFrozenDictionary();

    public static IReadOnlyList<string> Urls { get; } = ["/v1/completions", "/v1/chat/completions", "/v1/embeddings", "/v1/score"];

    public static BatchEndpoint? Of(string url) => url switch
    {
        "/v1/completions" => BatchEndpoint.Completions,
        "/v1/chat/completions" => BatchEndpoint.ChatCompletions,
        "/v1/embeddings" => BatchEndpoint.Embeddings,
        "/v1/score" => BatchEndpoint.Score,
        _ => null,
    };

    public static string Url(BatchEndpoint endpoint) => Urls[(int)endpoint];

    public static bool Knows(BatchEndpoint endpoint, string member) => _members[endpoint].Contains(member);

    private static FrozenSet<string> Set(string[] names) => names.ToFrozenSet(StringComparer.Ordinal);
}
