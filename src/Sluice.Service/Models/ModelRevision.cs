using System.Security.Cryptography;

namespace Sluice.Service.Models;

/// <summary>What a model's answers depend on, as 16 hex digits: SHA-256 over config.json, tokenizer.json and the safetensors files in order of name.</summary>
internal static class ModelRevision
{
    public static string Compute(string folder)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        IEnumerable<string> weights = Directory.EnumerateFiles(folder, "*.safetensors").Order(StringComparer.Ordinal);
        foreach (string path in (IEnumerable<string>)[Path.Combine(folder, "config.json"), Path.Combine(folder, "tokenizer.json"), .. weights])
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
            int read;
            while ((read = stream.Read(buffer)) > 0)
            {
                hash.AppendData(buffer, 0, read);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}
