using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Sluice.Service.Models;

/// <summary>The models of this process, by name.</summary>
internal sealed class ModelCatalog(IEnumerable<ServedModel> models)
{
    private readonly FrozenDictionary<string, ServedModel> _byName = models.ToFrozenDictionary(model => model.Name, StringComparer.Ordinal);

    /// <summary>In order of name.</summary>
    public IReadOnlyList<ServedModel> All => field ??= [.. _byName.Values.OrderBy(model => model.Name, StringComparer.Ordinal)];

    public bool TryGet(string name, [NotNullWhen(true)] out ServedModel? model) => _byName.TryGetValue(name, out model);
}
