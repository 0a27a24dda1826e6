using System.Text.Json;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Models;

/// <summary>Writes Hugging Face folders with random weights, for benches and tests: the same shape and seed give the same bytes.</summary>
public static class RandomModel
{
    private const ulong Increment = 0x9E3779B97F4A7C15UL;

    /// <param name="folder">Created where missing. config.json is written last: a folder that was left half done does not load.</param>
    /// <param name="shape">What to write.</param>
    /// <param name="seed">Any number.</param>
    /// <param name="tokenizer">A tokenizer.json to copy in; null for none.</param>
    /// <param name="wrote">Told how many bytes of weights have been added; may throw to end the writing.</param>
    public static void Write(string folder, ModelShape shape, ulong seed, string? tokenizer = null, Action<long>? wrote = null)
    {
        Directory.CreateDirectory(folder);
        if (tokenizer is not null)
            File.Copy(tokenizer, Path.Combine(folder, "tokenizer.json"), overwrite: true);
        List<(string Name, int[] Shape)> tensors = Tensors(shape);
        if (shape.Shards == 1)
        {
            WriteFile("model.safetensors", tensors);
        }
        else
        {
            Dictionary<string, string> homes = [];
            for (int shard = 0; shard < shape.Shards; shard++)
            {
                string file = $"model-{shard + 1:00000}-of-{shape.Shards:00000}.safetensors";
                List<(string Name, int[] Shape)> part = [.. tensors.Where((_, i) => i * shape.Shards / tensors.Count == shard)];
                WriteFile(file, part);
                foreach ((string name, _) in part)
                    homes[name] = file;
            }

            WriteIndex(folder, homes);
        }

        WriteConfig(folder, shape);

        void WriteFile(string file, List<(string Name, int[] Shape)> part) =>
            SafetensorsWriter.Write(Path.Combine(folder, file), shape.DataType, part, (name, size, first, values) => Fill(seed, name, size, first, values), wrote);
    }

    private static List<(string Name, int[] Shape)> Tensors(ModelShape shape)
    {
        int hidden = shape.HiddenSize;
        int queries = shape.Heads * shape.HeadDim;
        int keys = shape.KvHeads * shape.HeadDim;
        List<(string Name, int[] Shape)> tensors = [("model.embed_tokens.weight", [shape.Vocabulary, hidden])];
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            tensors.Add((prefix + "input_layernorm.weight", [hidden]));
            tensors.Add((prefix + "self_attn.q_proj.weight", [queries, hidden]));
            tensors.Add((prefix + "self_attn.k_proj.weight", [keys, hidden]));
            tensors.Add((prefix + "self_attn.v_proj.weight", [keys, hidden]));
            tensors.Add((prefix + "self_attn.o_proj.weight", [hidden, queries]));
            tensors.Add((prefix + "post_attention_layernorm.weight", [hidden]));
            tensors.Add((prefix + "mlp.gate_proj.weight", [shape.Intermediate, hidden]));
            tensors.Add((prefix + "mlp.up_proj.weight", [shape.Intermediate, hidden]));
            tensors.Add((prefix + "mlp.down_proj.weight", [hidden, shape.Intermediate]));
        }

        tensors.Add(("model.norm.weight", [hidden]));
        if (!shape.Tied)
            tensors.Add(("lm_head.weight", [shape.Vocabulary, hidden]));
        return tensors;
    }

    // Linear weights and the table have a variance of 1 / inputs, which keeps activations near 1; norms lie around 1. Names, not order, decide the
    // values, so that shards, layouts and pieces do not.
    private static void Fill(ulong seed, string name, int[] shape, long first, Span<float> values)
    {
        ulong state = seed;
        foreach (char c in name)
            state = (state ^ c) * 0x100000001B3UL;
        state += (ulong)first * Increment;
        float spread = shape.Length == 1 ? 0.1f : MathF.Sqrt(3f / shape[^1]);
        float middle = shape.Length == 1 ? 1 : 0;
        for (int i = 0; i < values.Length; i++)
            values[i] = middle + (spread * ((Next(ref state) * (2f / (1 << 24))) - 1));
    }

    // SplitMix64, its upper 24 bits.
    private static uint Next(ref ulong state)
    {
        state += Increment;
        ulong z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return (uint)((z ^ (z >> 31)) >> 40);
    }

    private static void WriteConfig(string folder, ModelShape shape)
    {
        using FileStream stream = File.Create(Path.Combine(folder, "config.json"));
        using Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        writer.WriteStartArray("architectures");
        writer.WriteStringValue("LlamaForCausalLM");
        writer.WriteEndArray();
        writer.WriteString("model_type", "llama");
        writer.WriteNumber("hidden_size", shape.HiddenSize);
        writer.WriteNumber("num_hidden_layers", shape.Layers);
        writer.WriteNumber("num_attention_heads", shape.Heads);
        writer.WriteNumber("num_key_value_heads", shape.KvHeads);
        writer.WriteNumber("head_dim", shape.HeadDim);
        writer.WriteNumber("intermediate_size", shape.Intermediate);
        writer.WriteNumber("vocab_size", shape.Vocabulary);
        writer.WriteNumber("max_position_embeddings", shape.ContextLength);
        writer.WriteNumber("rms_norm_eps", 1e-5);
        writer.WriteNumber("rope_theta", shape.RopeTheta);
        WriteScaling(writer, shape.RopeScaling);
        writer.WriteString("hidden_act", "silu");
        writer.WriteBoolean("tie_word_embeddings", shape.Tied);
        writer.WriteNumber("bos_token_id", Math.Min(1, shape.Vocabulary - 1));
        writer.WriteNumber("eos_token_id", Math.Min(2, shape.Vocabulary - 1));
        writer.WriteString("torch_dtype", shape.DataType switch { DataType.Float32 => "float32", DataType.Float16 => "float16", _ => "bfloat16" });
        writer.WriteEndObject();
    }

    private static void WriteScaling(Utf8JsonWriter writer, RopeScaling scaling)
    {
        if (scaling.Kind == RopeScalingKind.None)
        {
            writer.WriteNull("rope_scaling");
            return;
        }

        writer.WriteStartObject("rope_scaling");
        writer.WriteString("rope_type", scaling.Kind == RopeScalingKind.Linear ? "linear" : "llama3");
        writer.WriteNumber("factor", scaling.Factor);
        if (scaling.Kind == RopeScalingKind.Llama3)
        {
            writer.WriteNumber("low_freq_factor", scaling.LowFrequencyFactor);
            writer.WriteNumber("high_freq_factor", scaling.HighFrequencyFactor);
            writer.WriteNumber("original_max_position_embeddings", scaling.OriginalContext);
        }

        writer.WriteEndObject();
    }

    private static void WriteIndex(string folder, Dictionary<string, string> homes)
    {
        using FileStream stream = File.Create(Path.Combine(folder, "model.safetensors.index.json"));
        using Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        writer.WriteStartObject("weight_map");
        foreach ((string name, string file) in homes)
            writer.WriteString(name, file);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
