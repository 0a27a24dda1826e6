using System.Text.Json.Nodes;
using Sluice.Engine.Models;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Models;

public sealed class ModelConfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-config-").FullName;

    [Theory]
    [InlineData("architectures", """["MixtralForCausalLM"]""")]
    [InlineData("architectures", "[]")]
    [InlineData("architectures", "null")]
    [InlineData("attention_bias", "true")]
    [InlineData("mlp_bias", "true")]
    [InlineData("hidden_act", "\"gelu\"")]
    [InlineData("hidden_size", "0")]
    [InlineData("hidden_size", "1e99")]
    [InlineData("hidden_size", "\"64\"")]
    [InlineData("hidden_size", "null")]
    [InlineData("num_key_value_heads", "3")]
    [InlineData("num_attention_heads", "-4")]
    [InlineData("head_dim", "7")]
    [InlineData("rms_norm_eps", "\"small\"")]
    [InlineData("rope_theta", "0")]
    [InlineData("rope_type", """{"rope_type":"yarn","factor":4}""", "rope_scaling")]
    [InlineData("factor", """{"type":"linear"}""", "rope_scaling")]
    [InlineData("high_freq_factor", """{"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":1}""", "rope_scaling")]
    [InlineData("eos_token_id", "[2, 600]")]
    [InlineData("eos_token_id", "\"2\"")]
    [InlineData("torch_dtype", "\"float8\"")]
    [InlineData("quantization_config", "{}")]
    [InlineData("vocab_size", "2147483647")]
    public void A_field_that_cannot_be_run_is_named(string named, string value, string? field = null)
    {
        Write(json => json[field ?? named] = JsonNode.Parse(value));
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => ModelConfig.Read(_folder));
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains("expected", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sizes_and_ids_are_read()
    {
        Write(json => json["eos_token_id"] = new JsonArray(2, 5));
        File.WriteAllText(Path.Combine(_folder, "generation_config.json"), """{"eos_token_id":[5,9]}""");
        ModelConfig config = ModelConfig.Read(_folder);
        Assert.Equal((64, 8, 4, 8, 512), (config.HiddenSize, config.Heads, config.KvHeads, config.HeadDim, config.VocabularySize));
        Assert.Equal([2, 5, 9], config.EosIds);
        Assert.Equal(1, config.BosId);
        Assert.Equal(RopeScaling.None, config.RopeScaling);
        Assert.Equal(260_032, config.Parameters);
    }

    [Theory]
    [InlineData("""{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":8192}""", RopeScalingKind.Llama3)]
    [InlineData("""{"type":"linear","factor":2.5}""", RopeScalingKind.Linear)]
    [InlineData("""{"rope_type":"default"}""", RopeScalingKind.None)]
    [InlineData("null", RopeScalingKind.None)]
    public void Rope_scaling_is_read(string value, RopeScalingKind kind)
    {
        Write(json => json["rope_scaling"] = JsonNode.Parse(value));
        Assert.Equal(kind, ModelConfig.Read(_folder).RopeScaling.Kind);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("""{"hidden_size":64,"hidden_size":64}""")]
    public void A_file_that_is_no_object_is_refused_by_name(string text)
    {
        File.WriteAllText(Path.Combine(_folder, "config.json"), text);
        Assert.Contains("config.json", Assert.Throws<ModelFormatException>(() => ModelConfig.Read(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains("config.json: not found", Assert.Throws<ModelFormatException>(() => ModelConfig.Read(_folder)).Message, StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(Action<JsonObject> change)
    {
        JsonObject json = new()
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["hidden_size"] = 64,
            ["num_hidden_layers"] = 5,
            ["num_attention_heads"] = 8,
            ["num_key_value_heads"] = 4,
            ["intermediate_size"] = 172,
            ["vocab_size"] = 512,
            ["max_position_embeddings"] = 512,
            ["tie_word_embeddings"] = true,
            ["bos_token_id"] = 1,
        };
        change(json);
        File.WriteAllText(Path.Combine(_folder, "config.json"), json.ToJsonString());
    }
}
