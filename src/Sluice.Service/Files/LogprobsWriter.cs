using System.Text.Json;
using Sluice.Engine;
using Sluice.Service.Inference;
using Sluice.Service.Models;

namespace Sluice.Service.Files;

/// <summary>The member <c>logprobs</c> of a choice, in the two shapes that OpenAI has; null where none were asked for.</summary>
internal sealed class LogprobsWriter(Utf8JsonWriter writer, ServedModel model)
{
    /// <summary>Parallel lists; of alternatives that read the same, the likeliest stays.</summary>
    public void WriteCompletion(IReadOnlyList<SampledToken> tokens)
    {
        if (tokens.Count == 0)
        {
            writer.WriteNull("logprobs");
            return;
        }
        writer.WriteStartObject("logprobs");
        writer.WriteStartArray("tokens");
        foreach (SampledToken token in tokens)
        {
            writer.WriteStringValue(Text(token.Id));
        }
        writer.WriteEndArray();
        writer.WriteStartArray("token_logprobs");
        foreach (SampledToken token in tokens)
        {
            WriteNumber(token.Logprob);
        }
        writer.WriteEndArray();
        writer.WriteStartArray("top_logprobs");
        foreach (SampledToken token in tokens)
        {
            writer.WriteStartObject();
            foreach (IGrouping<string, (int Id, float Logprob)> same in token.Top.GroupBy(other => Text(other.Id), StringComparer.Ordinal))
            {
                writer.WritePropertyName(same.Key);
                WriteNumber(same.Max(other => other.Logprob));
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartArray("text_offset");
        int offset = 0;
        foreach (SampledToken token in tokens)
        {
            writer.WriteNumberValue(offset);
            offset += Text(token.Id).Length;
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>One object per token, with its alternatives.</summary>
    public void WriteChat(IReadOnlyList<SampledToken> tokens)
    {
        if (tokens.Count == 0)
        {
            writer.WriteNull("logprobs");
            return;
        }
        writer.WriteStartObject("logprobs");
        writer.WriteStartArray("content");
        foreach (SampledToken token in tokens)
        {
            writer.WriteStartObject();
            WriteToken(token.Id, token.Logprob);
            writer.WriteStartArray("top_logprobs");
            foreach ((int id, float logprob) in token.Top)
            {
                writer.WriteStartObject();
                WriteToken(id, logprob);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteNull("refusal");
        writer.WriteEndObject();
    }

    private void WriteToken(int id, float logprob)
    {
        writer.WriteString("token", Text(id));
        writer.WritePropertyName("logprob");
        WriteNumber(logprob);
        writer.WriteStartArray("bytes");
        if (model.Tokenizer is { } tokenizer)
        {
            foreach (byte value in tokenizer.TokenBytes(id))
            {
                writer.WriteNumberValue(value);
            }
        }
        writer.WriteEndArray();
    }

    /// <summary>JSON has no infinity: a token that cannot be drawn has no number.</summary>
    private void WriteNumber(float value)
    {
        if (float.IsFinite(value))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteNullValue();
        }
    }

    private string Text(int id) => EngineAnswers.Token(model, id);
}
