namespace Sluice.Engine.Models;

/// <summary>What a model takes, computed from its config and the headers of its files before any weight is read.</summary>
/// <param name="WeightBytes">Packed weights.</param>
/// <param name="KvBytesPerPage">Keys and values of 16 tokens in all layers.</param>
/// <param name="Pages">KV pages within the budget, at least 1.</param>
/// <param name="ArenaBytes">Activations of one step, its logits, the backend's scratch, the layout of its rows, and the folds of prefixes attended to together.</param>
/// <param name="RuntimeBytes">An estimate of what running takes whatever the model: code, stacks, heap; and of the tokenizer's tables.</param>
public sealed record MemoryPlan(long WeightBytes, long KvBytesPerPage, int Pages, long ArenaBytes, long RuntimeBytes)
{
    public long KvBytes => KvBytesPerPage * Pages;

    public long TotalBytes => WeightBytes + KvBytes + ArenaBytes + RuntimeBytes;
}
