using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Sluice.Jobs;
using Sluice.Service.Files;
using Sluice.Store;

namespace Sluice.Service.Submissions;

/// <summary>A stored answer as the body that OpenAI's endpoint has; <c>/v1/score</c> in Sluice's own. The same members as <see cref="AnswerBody"/> writes from a run.</summary>
internal sealed class StoredBody(Utf8JsonWriter writer, JobRecord job, string id)
{
    public void Write(BatchEndpoint endpoint, bool base64, JobResult result)
    {
        writer.WriteStartObject();
        switch (endpoint)
        {
            case BatchEndpoint.Completions: WriteChoice("cmpl", "text_completion", result.Outputs[0], WriteText); break;
            case BatchEndpoint.ChatCompletions: WriteChoice("chatcmpl", "chat.completion", result.Outputs[0], WriteMessage); break;
            case BatchEndpoint.Embeddings: WriteEmbedding(result.Outputs[0].Embedding ?? [], base64); break;
            case BatchEndpoint.Score: WriteScores(result.Outputs); break;
            default: throw new InvalidOperationException($"{endpoint} has no body.");
        }
        WriteUsage(result, endpoint);
        writer.WriteEndObject();
    }

    private void WriteHead(string prefix, string name)
    {
        writer.WriteString("id", $"{prefix}-{id}");
        writer.WriteString("object", name);
        writer.WriteNumber("created", (job.FinishedAt ?? job.CreatedAt).ToUnixTimeSeconds());
        writer.WriteString("model", job.Model);
        writer.WriteStartArray("choices");
    }

    private void WriteChoice(string prefix, string name, JobOutput output, Action<JobOutput> write)
    {
        WriteHead(prefix, name);
        writer.WriteStartObject();
        writer.WriteNumber("index", 0);
        write(output);
        writer.WriteString("finish_reason", output.FinishReason == "stop" ? "stop" : "length");
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private void WriteText(JobOutput output)
    {
        writer.WriteString("text", output.Text);
        if (output.Logprobs is not { Count: > 0 } tokens)
        {
            writer.WriteNull("logprobs");
            return;
        }
        writer.WriteStartObject("logprobs");
        Each("tokens", tokens, token => writer.WriteStringValue(token.Token));
        Each("token_logprobs", tokens, token => writer.WriteNumberValue(token.Logprob));
        Each("top_logprobs", tokens, token =>
        {
            writer.WriteStartObject();
            foreach (IGrouping<string, TokenAlternative> same in token.Top.GroupBy(other => other.Token, StringComparer.Ordinal))
            {
                writer.WriteNumber(same.Key, same.Max(other => other.Logprob));
            }
            writer.WriteEndObject();
        });
        int offset = 0;
        Each("text_offset", tokens, token =>
        {
            writer.WriteNumberValue(offset);
            offset += token.Token.Length;
        });
        writer.WriteEndObject();
    }

    private void WriteMessage(JobOutput output)
    {
        writer.WriteStartObject("message");
        writer.WriteString("role", "assistant");
        writer.WriteString("content", output.Text);
        writer.WriteNull("refusal");
        writer.WriteEndObject();
        if (output.Logprobs is not { Count: > 0 } tokens)
        {
            writer.WriteNull("logprobs");
            return;
        }
        writer.WriteStartObject("logprobs");
        Each("content", tokens, token =>
        {
            writer.WriteStartObject();
            WriteToken(token.Token, token.Logprob);
            Each("top_logprobs", token.Top, other =>
            {
                writer.WriteStartObject();
                WriteToken(other.Token, other.Logprob);
                writer.WriteEndObject();
            });
            writer.WriteEndObject();
        });
        writer.WriteNull("refusal");
        writer.WriteEndObject();
    }

    /// <summary>The stored text is all that is kept of a token: its bytes are those of the text.</summary>
    private void WriteToken(string token, double logprob)
    {
        writer.WriteString("token", token);
        writer.WriteNumber("logprob", logprob);
        Each("bytes", Encoding.UTF8.GetBytes(token), value => writer.WriteNumberValue(value));
    }

    private void WriteEmbedding(IReadOnlyList<float> vector, bool base64)
    {
        writer.WriteString("object", "list");
        writer.WriteStartArray("data");
        writer.WriteStartObject();
        writer.WriteString("object", "embedding");
        writer.WriteNumber("index", 0);
        if (base64)
        {
            // float32 in the byte order of this machine, which is little-endian wherever .NET runs this engine
            writer.WriteBase64String("embedding", MemoryMarshal.AsBytes<float>([.. vector]));
        }
        else
        {
            Each("embedding", vector, value => writer.WriteNumberValue(value));
        }
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteString("model", job.Model);
    }

    private void WriteScores(IReadOnlyList<JobOutput> outputs)
    {
        WriteHead("score", "score");
        foreach (JobOutput choice in outputs)
        {
            writer.WriteStartObject();
            writer.WriteNumber("index", choice.Index);
            writer.WriteString("text", choice.Text);
            writer.WriteNumber("logprob", choice.Logprob ?? 0);
            writer.WriteNumber("score", choice.Score ?? 0);
            writer.WriteNumber("probability", choice.Probability ?? 0);
            writer.WriteNumber("tokens", choice.Tokens ?? 0);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        JobOutput[] ranked = [.. outputs.OrderByDescending(choice => choice.Score)];
        writer.WriteNumber("argmax", ranked[0].Index);
        if (ranked.Length > 1)
        {
            writer.WriteNumber("margin", (ranked[0].Score ?? 0) - (ranked[1].Score ?? 0));
        }
        else
        {
            writer.WriteNull("margin");
        }
    }

    private void WriteUsage(JobResult result, BatchEndpoint endpoint)
    {
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", result.Usage.PromptTokens);
        if (endpoint != BatchEndpoint.Embeddings)
        {
            writer.WriteNumber("completion_tokens", result.Usage.GeneratedTokens);
        }
        writer.WriteNumber("total_tokens", result.Usage.PromptTokens + result.Usage.GeneratedTokens);
        writer.WriteStartObject("prompt_tokens_details");
        writer.WriteNumber("cached_tokens", result.Usage.CachedTokens);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void Each<T>(string name, IEnumerable<T> items, Action<T> write)
    {
        writer.WriteStartArray(name);
        foreach (T item in items)
        {
            write(item);
        }
        writer.WriteEndArray();
    }
}
