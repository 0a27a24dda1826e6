using System.Security.Cryptography;
using System.Text;
using Sluice.Engine.Quantization;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Models;

/// <summary>Names the content of a model folder: equal revisions give equal answers.</summary>
public static class ModelRevision
{
    /// <summary>As the loaded model's; reads every byte of the folder's weights once. Throws <see cref="ModelFormatException"/> for files that are none, or are written to meanwhile.</summary>
    public static string Compute(string folder, WeightFormat format = WeightFormat.Stored, KvFormat kv = KvFormat.BFloat16)
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        return Compute(folder, checkpoint, format, kv);
    }

    /// <summary>First 16 hex digits of SHA-256 over name, length and bytes of config.json, generation_config.json, tokenizer.json, tokenizer_config.json (those that there are) and the safetensors files, and over the formats of weights and KV where they are not those stored and float32.</summary>
    internal static string Compute(string folder, Checkpoint checkpoint, WeightFormat format, KvFormat kv)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string name in new[] { "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json" })
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path))
                continue;
            byte[] bytes = File.ReadAllBytes(path);
            AppendHeading(hash, name, bytes.Length);
            hash.AppendData(bytes);
        }

        foreach (SafetensorsFile file in checkpoint.Files.OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            AppendHeading(hash, file.Name, file.FileBytes);
            file.ForEachPiece(hash.AppendData);
        }

        checkpoint.RequireUnchanged();

        if (format != WeightFormat.Stored)
            AppendHeading(hash, format.Name(), 0);
        if (kv != KvFormat.Float32)
            AppendHeading(hash, "kv " + kv.Name(), 0);
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    private static void AppendHeading(IncrementalHash hash, string name, long length) =>
        hash.AppendData(Encoding.UTF8.GetBytes($"{name}\0{length}\0"));
}
