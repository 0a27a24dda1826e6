using Sluice.Engine.Models;
using Sluice.Engine.Tests.Models;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Weights;

public sealed class CheckpointTests
{
    [Theory]
    [InlineData("../model-00001-of-00002.safetensors")]
    [InlineData("/etc/passwd.safetensors")]
    [InlineData("a/../../b.safetensors")]
    [InlineData("..\\\\b.safetensors")]
    [InlineData("..safetensors")]
    [InlineData("config.json")]
    [InlineData("")]
    public void A_shard_is_a_file_of_the_folder(string shard)
    {
        using RandomFolder folder = new(RandomFolder.Odd with { Shards = 2 });
        Write(folder, $$$"""{"weight_map":{"model.norm.weight":"{{{shard}}}"}}""");
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => folder.Load("reference"));
        Assert.Contains("model.norm.weight", error.Message, StringComparison.Ordinal);
        Assert.Contains("in this folder", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("m", 243, true)]
    [InlineData("m", 244, false)]
    [InlineData("\u00e9", 121, true)] // two bytes each
    [InlineData("\u00e9", 122, false)]
    public void The_name_of_a_shard_is_as_long_as_file_systems_take(string letter, int count, bool fits)
    {
        string shard = string.Concat(Enumerable.Repeat(letter, count)) + ".safetensors";
        using RandomFolder folder = new(RandomFolder.Odd with { Shards = 2 });
        Write(folder, $$$"""{"weight_map":{"model.norm.weight":"{{{shard}}}"}}""");
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => folder.Load("reference"));
        Assert.Contains(fits ? "not found" : "255 bytes", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":1}}""", "'a'")]
    [InlineData("""{"weight_map":[]}""", "weight_map")]
    [InlineData("""{}""", "weight_map")]
    [InlineData("""{"weight_map":{}}""", "shards")]
    [InlineData("""{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}""", "JSON")]
    [InlineData("""{"weight_map":{"model.norm.weight":"model-00001-of-00002.safetensors"}}""", "model.norm.weight")]
    [InlineData("""{"weight_map":{"a":"missing.safetensors"}}""", "missing.safetensors")]
    public void A_wrong_index_is_refused_by_name(string index, string named)
    {
        using RandomFolder folder = new(RandomFolder.Odd with { Shards = 2 });
        Write(folder, index);
        Assert.Contains(named, Assert.Throws<ModelFormatException>(() => folder.Load("reference")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shards_give_what_one_file_gives()
    {
        using RandomFolder one = new(RandomFolder.Odd);
        using RandomFolder three = new(RandomFolder.Odd with { Shards = 3 });
        using Model a = one.Load("cpu");
        using Model b = three.Load("cpu");
        Assert.Equal(new GreedyDriver(a).Prefill([1, 2, 3, 4], 4), new GreedyDriver(b).Prefill([1, 2, 3, 4], 4));
        Assert.NotEqual(a.Revision, b.Revision);
    }

    [Theory]
    [InlineData("model.layers.1.mlp.up_proj.weight", "model.layers.1.mlp.upper.weight", "no tensor of that name")]
    [InlineData("model.layers.1.mlp.up_proj.weight", "model.layers.7.mlp.up_proj.weight", "no tensor of that name")]
    public void A_missing_tensor_is_named(string name, string instead, string found)
    {
        string message = Damage(header => header.Replace(name, instead, StringComparison.Ordinal));
        Assert.Contains($"'{name}'", message, StringComparison.Ordinal);
        Assert.Contains(found, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_the_model_has_no_use_for_is_named()
    {
        using RandomFolder folder = new(RandomFolder.Odd);
        string config = Path.Combine(folder.Path, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", StringComparison.Ordinal));
        Assert.Contains("'model.layers.1.", Assert.Throws<ModelFormatException>(() => folder.Load("cpu")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_shape_is_told_with_both_shapes()
    {
        string message = Damage(header => header.Replace("[101,72]", "[72,101]", StringComparison.Ordinal));
        Assert.Contains("mlp.gate_proj.weight'", message, StringComparison.Ordinal);
        Assert.Contains("expected shape (101, 72), found (72, 101)", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_type_that_is_no_weight_is_refused_by_name() =>
        Assert.Contains("expected F32, F16 or BF16, found I16", Damage(header => header.Replace("BF16", "I16", StringComparison.Ordinal)), StringComparison.Ordinal);

    private static void Write(RandomFolder folder, string index) => File.WriteAllText(Path.Combine(folder.Path, "model.safetensors.index.json"), index);

    // The error of a model whose header was changed; spaces keep its length.
    private static string Damage(Func<string, string> change)
    {
        using RandomFolder folder = new(RandomFolder.Odd);
        string path = Path.Combine(folder.Path, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        int length = BitConverter.ToInt32(bytes, 0);
        string header = System.Text.Encoding.UTF8.GetString(bytes, 8, length);
        string changed = change(header);
        Assert.NotEqual(header, changed);
        changed = changed.PadRight(length);
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)changed.Length), .. System.Text.Encoding.UTF8.GetBytes(changed), .. bytes[(8 + length)..]]);
        return Assert.Throws<ModelFormatException>(() => folder.Load("cpu")).Message;
    }
}
