using System.Text;
using System.Text.Json;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Weights;

/// <summary>
/// The weights of a model folder: model.safetensors, or the shards that model.safetensors.index.json names. Tensors are taken by name and shape;
/// what is never taken is an error too.
/// </summary>
internal sealed unsafe class Checkpoint : IDisposable
{
    private const string Single = "model.safetensors";
    private const string Index = "model.safetensors.index.json";
    private const int MaxShardName = 255; // bytes; what a file system allows
    private const int MaxShards = 4096;

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, (SafetensorsFile File, SafetensorsEntry Entry)> _tensors = [];
    private readonly HashSet<string> _taken = [];
    private readonly List<NativeBuffer> _copies = [];

    private Checkpoint()
    {
    }

    public IReadOnlyList<SafetensorsFile> Files => _files;

    public IEnumerable<SafetensorsEntry> Entries => _tensors.Values.Select(tensor => tensor.Entry);

    public static Checkpoint Open(string folder)
    {
        Checkpoint checkpoint = new();
        try
        {
            if (File.Exists(Path.Combine(folder, Single)) || !File.Exists(Path.Combine(folder, Index)))
                checkpoint.Add(SafetensorsFile.Open(Path.Combine(folder, Single)));
            else
                checkpoint.AddShards(folder);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }

        return checkpoint;
    }

    public bool Has(string name) => _tensors.ContainsKey(name);

    /// <summary>What a tensor is stored as; null where there is none of that name, or of another type than weights have.</summary>
    public DataType? TypeOf(string name) =>
        _tensors.TryGetValue(name, out (SafetensorsFile File, SafetensorsEntry Entry) tensor) ? DataTypes.Parse(tensor.Entry.Type) : null;

    /// <summary>
    /// A copy of a tensor that must be there, of this shape and of finite numbers; rows 0 asks for a vector of that many columns. Valid until
    /// <see cref="Forget"/>.
    /// </summary>
    public TensorView Take(string name, int rows, int columns)
    {
        if (!_tensors.TryGetValue(name, out (SafetensorsFile File, SafetensorsEntry Entry) tensor))
            throw new ModelFormatException($"{_files[0].Name}: tensor '{name}': expected, found no tensor of that name");
        (SafetensorsFile file, SafetensorsEntry entry) = tensor;
        bool fits = rows == 0
            ? entry.Shape.Length == 1 && entry.Shape[0] == columns
            : entry.Shape.Length == 2 && entry.Shape[0] == rows && entry.Shape[1] == columns;
        if (!fits)
            throw new ModelFormatException($"{file.Name}: tensor '{name}': expected shape {(rows == 0 ? $"({columns})" : $"({rows}, {columns})")}, found {entry.ShapeText}");
        DataType type = DataTypes.Parse(entry.Type)
            ?? throw new ModelFormatException($"{file.Name}: tensor '{name}': expected F32, F16 or BF16, found {entry.Type}");
        _taken.Add(name);
        NativeBuffer copy = file.Read(entry);
        _copies.Add(copy);
        return new TensorView(name, type, Math.Max(rows, 1), columns, copy.Data);
    }

    /// <summary>Gives back the memory of the tensors taken so far: what is packed is not read again, and both together would be twice the budget.</summary>
    public void Forget()
    {
        foreach (NativeBuffer copy in _copies)
            copy.Dispose();
        _copies.Clear();
    }

    /// <summary>Throws where a file was written to since it was opened.</summary>
    public void RequireUnchanged()
    {
        foreach (SafetensorsFile file in _files)
            file.RequireUnchanged();
    }

    /// <summary>Throws for a tensor that the model has no use for. Tables that some exporters add and that follow from the config are let pass.</summary>
    public void RequireAllTaken()
    {
        foreach ((string name, (SafetensorsFile file, _)) in _tensors)
        {
            if (!_taken.Contains(name) && !name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal))
                throw new ModelFormatException($"{file.Name}: tensor '{name}': expected no tensor of that name, found one");
        }
    }

    public void Dispose()
    {
        Forget();
        foreach (SafetensorsFile file in _files)
            file.Dispose();
        _files.Clear();
    }

    private void Add(SafetensorsFile file)
    {
        _files.Add(file);
        foreach (SafetensorsEntry entry in file.Entries)
        {
            if (!_tensors.TryAdd(entry.Name, (file, entry)))
                throw new ModelFormatException($"{file.Name}: tensor '{entry.Name}': expected in one shard, found in {_tensors[entry.Name].File.Name} too");
        }
    }

    private void AddShards(string folder)
    {
        using JsonDocument document = JsonField.Open(Path.Combine(folder, Index));
        JsonField root = new(Index, document.RootElement);
        if (!root.Has("weight_map") || root["weight_map"].ValueKind != JsonValueKind.Object)
            throw root.Error("weight_map", "an object", "nothing of that kind");
        Dictionary<string, string> homes = [];
        foreach (JsonProperty item in root["weight_map"].EnumerateObject())
            homes[item.Name] = ShardName(root, item);
        List<string> shards = [.. homes.Values.Distinct().Order(StringComparer.Ordinal)];
        root.Require("weight_map", shards.Count is > 0 and <= MaxShards, $"1 to {MaxShards} shards", shards.Count);
        foreach (string shard in shards)
            Add(SafetensorsFile.Open(Path.Combine(folder, shard)));
        foreach ((string name, string shard) in homes)
        {
            if (!_tensors.TryGetValue(name, out (SafetensorsFile File, SafetensorsEntry Entry) tensor) || tensor.File.Name != shard)
                throw new ModelFormatException($"{Index}: tensor '{name}': expected in {shard}, found {tensor.File?.Name ?? "nowhere"}");
        }
    }

    // A plain file name of this folder: no separator, no parent, nothing rooted. Links are followed, as model caches are built of them.
    private static string ShardName(JsonField root, JsonProperty item)
    {
        string? name = item.Value.ValueKind == JsonValueKind.String ? item.Value.GetString() : null;
        bool plain = name is not null && name.EndsWith(".safetensors", StringComparison.Ordinal) && name.AsSpan().IndexOfAny('/', '\\', '\0') < 0
            && !Path.IsPathRooted(name) && name[0] != '.' && Encoding.UTF8.GetByteCount(name) <= MaxShardName;
        return plain ? name! : throw root.Error($"weight_map '{item.Name}'", $"the name of a .safetensors file in this folder, of at most {MaxShardName} bytes", name ?? item.Value.ValueKind.ToString());
    }
}
