using System.Text.Json;
using Sluice.Engine.Tokens;
using Xunit;

namespace Sluice.Engine.Tests.Tokens;

/// <summary>The ids that the original tokenizers give.</summary>
public sealed class ReferenceVectorTests
{
    [Theory]
    [InlineData("gpt-2")]
    [InlineData("llama-spm")]
    [InlineData("bert")]
    public void Every_vector_gets_its_ids(string name)
    {
        Tokenizer tokenizer = Tokenizer.Load(SharedFiles.FindOrSkip($"tokenizers/{name}/tokenizer.json"));
        int count = 0;
        foreach (string line in File.ReadLines(SharedFiles.FindOrSkip($"tokenizers/{name}/vectors.jsonl")))
        {
            using JsonDocument vector = JsonDocument.Parse(line);
            string text = vector.RootElement.GetProperty("text").GetString()!;
            Assert.Equal(Ids(vector.RootElement.GetProperty("ids")), tokenizer.Encode(text));
            Assert.Equal(tokenizer.Encode(text), tokenizer.EncodeTemplate(text));
            count++;
        }

        Assert.Equal(47, count);
    }

    [Theory]
    [InlineData("gpt-2")]
    [InlineData("llama-spm")]
    public void Every_vector_decodes_to_its_text(string name)
    {
        Tokenizer tokenizer = Tokenizer.Load(SharedFiles.FindOrSkip($"tokenizers/{name}/tokenizer.json"));
        foreach (string line in File.ReadLines(SharedFiles.FindOrSkip($"tokenizers/{name}/vectors.jsonl")))
        {
            using JsonDocument vector = JsonDocument.Parse(line);
            string text = vector.RootElement.GetProperty("text").GetString()!;
            Assert.Equal(text, tokenizer.Decode(Ids(vector.RootElement.GetProperty("ids"))));
        }
    }

    [Fact]
    public void The_prompts_of_the_small_model_get_their_ids_and_its_answers_their_text()
    {
        Tokenizer tokenizer = Tokenizer.Load(SharedFiles.FindOrSkip("models/stories260k"));
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(SharedFiles.FindOrSkip("models/stories260k/golden.json")));
        Assert.True(tokenizer.AddBos);
        Assert.Equal((1, 2, 512), (tokenizer.BosId, tokenizer.EosId, tokenizer.VocabularySize));
        foreach (JsonElement entry in golden.RootElement.EnumerateArray())
        {
            int[] prompt = Ids(entry.GetProperty("prompt_ids"));
            int[] answer = Ids(entry.GetProperty("greedy_ids"));
            string text = entry.GetProperty("prompt").GetString()!;
            Assert.Equal<int[]>(prompt, [tokenizer.BosId!.Value, .. tokenizer.Encode(text)]);
            Assert.Equal(text, tokenizer.Decode(prompt));
            // The first space of a whole text is the one that encoding puts there.
            Assert.Equal((text + entry.GetProperty("text").GetString()).TrimStart(' '), tokenizer.Decode([.. prompt, .. answer]));
        }
    }

    private static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];
}
