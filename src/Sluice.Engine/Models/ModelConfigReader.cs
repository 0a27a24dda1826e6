using System.Text.Json;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Models;

/// <summary>Reads config.json and generation_config.json; only what the engine can run is accepted.</summary>
internal static class ModelConfigReader
{
    public static ModelConfig Read(string folder)
    {
        using JsonDocument document = JsonField.Open(Path.Combine(folder, "config.json"));
        JsonField root = new("config.json", document.RootElement);
        string architecture = Architecture(root);
        string? activation = root.OptionalText("hidden_act");
        root.Require("hidden_act", activation is null or "silu", "silu", activation);
        root.RejectTrue("attention_bias");
        root.RejectTrue("mlp_bias");
        if (root.Has("quantization_config"))
            throw root.Error("quantization_config", "no quantization (plain float32, float16 or bfloat16 weights)", "a quantization config");

        int hidden = root.Integer("hidden_size", 1, 1 << 20);
        int heads = root.Integer("num_attention_heads", 1, 1 << 16);
        int kvHeads = root.Integer("num_key_value_heads", 1, 1 << 16, heads);
        root.Require("num_key_value_heads", heads % kvHeads == 0, $"a divisor of num_attention_heads ({heads})", kvHeads);
        if (!root.Has("head_dim"))
            root.Require("hidden_size", hidden % heads == 0, $"a multiple of num_attention_heads ({heads}), or head_dim", hidden);
        int headDim = root.Integer("head_dim", 2, 1024, hidden / heads);
        root.Require("head_dim", headDim % 2 == 0, "an even number", headDim);
        int vocabulary = root.Integer("vocab_size", 1, 1 << 24);
        int context = root.Integer("max_position_embeddings", 1, 1 << 24, 2048);
        ModelConfig config = new()
        {
            Architecture = architecture,
            HiddenSize = hidden,
            Layers = root.Integer("num_hidden_layers", 1, 4096),
            Heads = heads,
            KvHeads = kvHeads,
            HeadDim = headDim,
            Intermediate = root.Integer("intermediate_size", 1, 1 << 22),
            VocabularySize = vocabulary,
            ContextLength = context,
            RopeTheta = RopeTheta(root),
            RopeScaling = Scaling(root, context),
            NormEps = (float)root.Number("rms_norm_eps", 0, 1, 1e-6),
            Tied = root.Flag("tie_word_embeddings"),
            BosId = root.Has("bos_token_id") ? root.Integer("bos_token_id", 0, vocabulary - 1) : null,
            DataType = Type(root),
        };
        return config with { EosIds = EndIds(root, folder, vocabulary) };
    }

    private static string Architecture(JsonField root)
    {
        if (!root.Has("architectures") || root["architectures"] is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() == 0
            || list[0].ValueKind != JsonValueKind.String)
            throw root.Error("architectures", "a list with LlamaForCausalLM", "nothing of that kind");
        string name = list[0].GetString()!;
        root.Require("architectures", name == "LlamaForCausalLM", "LlamaForCausalLM", name);
        return name;
    }

    private static DataType Type(JsonField root)
    {
        string field = root.Has("dtype") ? "dtype" : "torch_dtype";
        string? name = root.OptionalText(field);
        return name switch
        {
            null or "float32" => DataType.Float32,
            "float16" => DataType.Float16,
            "bfloat16" => DataType.BFloat16,
            _ => throw root.Error(field, "float32, float16 or bfloat16", name),
        };
    }

    // Newer files keep theta and scaling together under rope_parameters.
    private static JsonField? RopeObject(JsonField root, string name) =>
        root.Has(name) ? root.Child(name) : null;

    private static double RopeTheta(JsonField root)
    {
        JsonField home = RopeObject(root, "rope_parameters") is { } nested && nested.Has("rope_theta") ? nested : root;
        return home.Number("rope_theta", 1, 1e12, 10_000);
    }

    private static RopeScaling Scaling(JsonField root, int context)
    {
        if ((RopeObject(root, "rope_scaling") ?? RopeObject(root, "rope_parameters")) is not { } scaling)
            return RopeScaling.None;
        string kind = scaling.OptionalText("rope_type") ?? scaling.OptionalText("type") ?? "default";
        switch (kind)
        {
            case "default":
                return RopeScaling.None;
            case "linear":
                return new RopeScaling(RopeScalingKind.Linear, scaling.Number("factor", 1, 1e6));
            case "llama3":
                double low = scaling.Number("low_freq_factor", 1e-3, 1e6);
                double high = scaling.Number("high_freq_factor", 1e-3, 1e6);
                scaling.Require("high_freq_factor", high > low, $"more than low_freq_factor ({low})", high);
                int original = scaling.Integer("original_max_position_embeddings", 1, 1 << 24, context);
                return new RopeScaling(RopeScalingKind.Llama3, scaling.Number("factor", 1, 1e6), low, high, original);
            default:
                throw scaling.Error("rope_type", "default, linear or llama3", kind);
        }
    }

    private static int[] EndIds(JsonField root, string folder, int vocabulary)
    {
        List<int> ids = [];
        root.AddIds("eos_token_id", vocabulary, ids);
        string path = Path.Combine(folder, "generation_config.json");
        if (File.Exists(path))
        {
            using JsonDocument document = JsonField.Open(path);
            new JsonField("generation_config.json", document.RootElement).AddIds("eos_token_id", vocabulary, ids);
        }

        return [.. ids.Distinct()];
    }
}
