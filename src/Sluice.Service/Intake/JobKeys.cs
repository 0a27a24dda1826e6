using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Sluice.Jobs;
using Sluice.Service.Models;

namespace Sluice.Service.Intake;

/// <summary>What a job is equal to, and near to. All are SHA-256 over a versioned, length-prefixed encoding; scope and model are part of each.</summary>
internal static class JobKeys
{
    private const string Version = "sluice-key-v1";

    /// <summary>Tokens that each number of <see cref="Chain"/> stands for.</summary>
    public const int PageTokens = 16;

    private const int PrefixTokens = 64;
    private const int MostPages = 64;

    /// <summary>
    /// The exact key (everything that decides the answer) and the fingerprint (all of that but the user's text: see <see cref="Asked"/>).
    /// <paramref name="request"/> has passed the rules; defaults and their absence give the same keys.
    /// </summary>
    public static (byte[] Exact, byte[] Fingerprint) Of(string tenant, string cacheNamespace, ServedModel model, JobRequest request)
    {
        KeyWriter writer = new(256 + (request.Prompt?.Length ?? 1024));
        writer.Add(Version);
        writer.Add(tenant);
        writer.Add(cacheNamespace);
        writer.Add(model.Name);
        writer.Add(model.Revision);
        writer.Add((int)request.Kind);
        if (request.Kind == JobKind.Generate)
        {
            AddParameters(ref writer, request.Parameters ?? new JobParameters());
        }
        else if (request.Kind == JobKind.Score)
        {
            writer.Add(request.Choices);
            writer.Add((int)(request.Normalization ?? Normalization.None));
        }
        if (request.Messages is { } messages)
        {
            AddFrame(ref writer, model, messages);
        }
        byte[] fingerprint = writer.Hash();
        writer.Add(Asked(request));
        return (writer.Hash(), fingerprint);
    }

    /// <summary>What the user asks: the prompt, or the text of the last message by the user; null where no message is by the user.</summary>
    public static string? Asked(JobRequest request) => request.Messages is { } messages ? messages.LastOrDefault(IsUser)?.Content : request.Prompt;

    /// <summary>
    /// The same number for jobs of one scope and model whose prompts begin with the same full pages (up to 64 tokens);
    /// a prompt shorter than a page counts whole.
    /// </summary>
    public static long Prefix(string tenant, string cacheNamespace, ServedModel model, ReadOnlySpan<int> prompt)
    {
        int shared = Math.Min(prompt.Length, PrefixTokens) / PageTokens * PageTokens;
        KeyWriter writer = new(512);
        writer.Add(Version);
        writer.Add(tenant);
        writer.Add(cacheNamespace);
        writer.Add(model.Name);
        writer.Add(model.Revision);
        writer.Add(prompt[..(shared == 0 ? prompt.Length : shared)]);
        return BinaryPrimitives.ReadInt64LittleEndian(writer.Hash());
    }

    /// <summary>
    /// A number per leading full page of 16 tokens, at most 64, each of all tokens up to its end: equal leading numbers are a shared prefix, within a scope and a
    /// model. Good for guesses about what is worth doing together, not for decisions about what is equal.
    /// </summary>
    public static long[] Chain(ReadOnlySpan<int> prompt)
    {
        long[] chain = new long[Math.Min(prompt.Length / PageTokens, MostPages)];
        ulong hash = 0x9E3779B97F4A7C15;
        for (int i = 0; i < chain.Length * PageTokens; i++)
        {
            hash = BitOperations.RotateLeft((hash ^ (uint)prompt[i]) * 0xD6E8FEB86659FD93, 32);
            if (i % PageTokens == PageTokens - 1)
            {
                chain[i / PageTokens] = (long)(hash * 0xD6E8FEB86659FD93);
            }
        }
        return chain;
    }

    /// <summary>SHA-256 of the request, whatever the order of its members: the same idempotency key must come with the same of it.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="retryOf">The job that is asked again: retries of two jobs are two requests.</param>
    public static byte[] RequestHash(JobRequest request, JobId? retryOf = null)
    {
        JobRequest canonical = request.Metadata is { Count: > 1 } metadata
            ? request with { Metadata = new SortedDictionary<string, string>(metadata.ToDictionary(), StringComparer.Ordinal) }
            : request;
        if (request.Parameters is { LogitBias: { Count: > 1 } biases } parameters)
        {
            SortedDictionary<string, double> sorted = new(biases.ToDictionary(), StringComparer.Ordinal);
            canonical = canonical with { Parameters = parameters with { LogitBias = sorted } };
        }
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(canonical, JobsJson.Default.JobRequest);
        return SHA256.HashData(retryOf is { } first ? [.. bytes, .. Encoding.UTF8.GetBytes(first.ToString())] : bytes);
    }

    /// <summary>The same request gives the same answer: greedy, or drawn from a seed. Scores and embeddings always do.</summary>
    public static bool IsDeterministic(JobRequest request) =>
        request.Kind != JobKind.Generate || (request.Parameters?.Temperature ?? 0) == 0 || request.Parameters?.Seed is not null;

    /// <summary>The conversation without the text that <see cref="Asked"/> takes out of it, and the template that renders it.</summary>
    private static void AddFrame(ref KeyWriter writer, ServedModel model, IReadOnlyList<ChatMessage> messages)
    {
        int asked = messages.Count - 1;
        while (asked >= 0 && !IsUser(messages[asked]))
        {
            asked--;
        }
        writer.Add("messages");
        writer.Add(model.Template?.Id);
        writer.Add(messages.Count);
        for (int i = 0; i < messages.Count; i++)
        {
            writer.Add(messages[i].Role);
            writer.Add(i == asked ? null : messages[i].Content);
        }
        if (model.Template?.Now(messages, asked) is { } now)
        {
            writer.Add(now);
        }
    }

    private static bool IsUser(ChatMessage message) => message.Role == "user";

    private static void AddParameters(ref KeyWriter writer, JobParameters parameters)
    {
        writer.Add(parameters.MaxTokens ?? JobDefaults.MaxTokens);
        writer.Add(parameters.Temperature ?? 0);
        writer.Add(parameters.TopP ?? 1);
        writer.Add(parameters.TopK ?? 0);
        writer.Add(parameters.MinP ?? 0);
        writer.Add(parameters.FrequencyPenalty ?? 0);
        writer.Add(parameters.PresencePenalty ?? 0);
        writer.Add(parameters.RepetitionPenalty ?? 1);
        writer.Add(parameters.Seed is null ? 0 : 1);
        writer.Add(parameters.Seed ?? 0L);
        writer.Add(parameters.Stop ?? []);
        writer.Add(parameters.Logprobs ?? -1);
        if (parameters.LogitBias is { Count: > 0 } biases)
        {
            writer.Add("logit_bias");
            writer.Add(biases.Count);
            foreach ((string id, double bias) in biases.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                writer.Add(id);
                writer.Add(bias);
            }
        }
    }
}
