using System.Runtime.InteropServices;
using System.Text.Json;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Service.Models;

namespace Sluice.Service.Files;

/// <summary>The body of an answer in OpenAI's shape; <c>/v1/score</c> in Sluice's own.</summary>
internal sealed class AnswerBody(Utf8JsonWriter writer, ServedModel model, string id, DateTimeOffset at)
{
    public void Write(PreparedLine prepared, EngineResult result)
    {
        writer.WriteStartObject();
        switch (prepared.Line.Endpoint)
        {
            case BatchEndpoint.Completions: WriteCompletion(result); break;
            case BatchEndpoint.ChatCompletions: WriteChat(result); break;
            case BatchEndpoint.Embeddings: WriteEmbedding(result, prepared.Line.Base64); break;
            case BatchEndpoint.Score: WriteScores(prepared, result); break;
            default: throw new InvalidOperationException($"{prepared.Line.Endpoint} has no body.");
        }
        WriteUsage(prepared, result);
        writer.WriteEndObject();
    }

    private void WriteHead(string prefix, string name)
    {
        writer.WriteString("id", $"{prefix}-{id}");
        writer.WriteString("object", name);
        writer.WriteNumber("created", at.ToUnixTimeSeconds());
        writer.WriteString("model", model.Name);
        writer.WriteStartArray("choices");
    }

    private void WriteCompletion(EngineResult result)
    {
        WriteHead("cmpl", "text_completion");
        writer.WriteStartObject();
        writer.WriteNumber("index", 0);
        writer.WriteString("text", result.Text);
        new LogprobsWriter(writer, model).WriteCompletion(result.Logprobs);
        WriteChoiceEnd(result);
    }

    private void WriteChat(EngineResult result)
    {
        WriteHead("chatcmpl", "chat.completion");
        writer.WriteStartObject();
        writer.WriteNumber("index", 0);
        writer.WriteStartObject("message");
        writer.WriteString("role", "assistant");
        writer.WriteString("content", result.Text);
        writer.WriteNull("refusal");
        writer.WriteEndObject();
        new LogprobsWriter(writer, model).WriteChat(result.Logprobs);
        WriteChoiceEnd(result);
    }

    private void WriteChoiceEnd(EngineResult result)
    {
        writer.WriteString("finish_reason", result.FinishReason == FinishReason.Stop ? "stop" : "length");
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private void WriteEmbedding(EngineResult result, bool base64)
    {
        writer.WriteString("object", "list");
        writer.WriteStartArray("data");
        writer.WriteStartObject();
        writer.WriteString("object", "embedding");
        writer.WriteNumber("index", 0);
        if (base64)
        {
            // float32 in the byte order of this machine, which is little-endian wherever .NET runs this engine
            writer.WriteBase64String("embedding", MemoryMarshal.AsBytes<float>(result.Embedding));
        }
        else
        {
            writer.WriteStartArray("embedding");
            foreach (float value in result.Embedding)
            {
                writer.WriteNumberValue(value);
            }
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteString("model", model.Name);
    }

    private void WriteScores(PreparedLine prepared, EngineResult result)
    {
        JobRequest request = prepared.Line.Request;
        JobOutput[] scores = EngineAnswers.Scores(request, prepared.Request.Choices, result.ChoiceLogprobs);
        WriteHead("score", "score");
        foreach (JobOutput choice in scores)
        {
            writer.WriteStartObject();
            writer.WriteNumber("index", choice.Index);
            writer.WriteString("text", choice.Text);
            writer.WriteNumber("logprob", choice.Logprob!.Value);
            writer.WriteNumber("score", choice.Score!.Value);
            writer.WriteNumber("probability", choice.Probability!.Value);
            writer.WriteNumber("tokens", choice.Tokens!.Value);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteString("normalization", (request.Normalization ?? Normalization.None).ToString().ToLowerInvariant());
        JobOutput[] ranked = [.. scores.OrderByDescending(choice => choice.Score)];
        writer.WriteNumber("argmax", ranked[0].Index);
        if (ranked.Length > 1)
        {
            writer.WriteNumber("margin", ranked[0].Score!.Value - ranked[1].Score!.Value);
        }
        else
        {
            writer.WriteNull("margin");
        }
    }

    private void WriteUsage(PreparedLine prepared, EngineResult result)
    {
        int prompt = prepared.Request.Prompt.Length;
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", prompt);
        if (prepared.Request.Kind != SequenceKind.Embed)
        {
            writer.WriteNumber("completion_tokens", result.Tokens.Length);
        }
        writer.WriteNumber("total_tokens", prompt + result.Tokens.Length);
        writer.WriteStartObject("prompt_tokens_details");
        writer.WriteNumber("cached_tokens", result.CachedTokens);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
