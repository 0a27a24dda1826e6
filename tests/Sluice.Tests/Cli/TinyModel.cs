using System.Text.Json.Nodes;
using Sluice.Engine.Models;

namespace Sluice.Tests.Cli;

/// <summary>A random model of 40 ids with a byte-level tokenizer whose tokens are the characters from ! on; gone when disposed.</summary>
internal sealed class TinyModel : IDisposable
{
    public const int Vocabulary = 40;

    public static readonly ModelShape Shape = new()
    {
        HiddenSize = 32,
        Layers = 2,
        Heads = 4,
        KvHeads = 2,
        HeadDim = 8,
        Intermediate = 48,
        Vocabulary = Vocabulary,
        ContextLength = 1200,
    };

    /// <param name="shape">Of <see cref="Vocabulary"/> ids; null for <see cref="Shape"/>.</param>
    public TinyModel(ModelShape? shape = null)
    {
        RandomModel.Write(Folder, shape ?? Shape, seed: 7);
        JsonObject vocabulary = [];
        for (int id = 0; id < Vocabulary; id++) vocabulary[((char)('!' + id)).ToString()] = id;
        JsonObject tokenizer = new()
        {
            ["added_tokens"] = new JsonArray(),
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = true },
            ["post_processor"] = null,
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray() },
        };
        File.WriteAllText(Path.Combine(Folder, "tokenizer.json"), tokenizer.ToJsonString());
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("sluice-cli-").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
