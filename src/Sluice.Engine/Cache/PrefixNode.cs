using System.Runtime.InteropServices;
using Sluice.Engine.Sequences;

namespace Sluice.Engine.Cache;

/// <summary>One full page in the tree; the path from the root spells all tokens up to its end. A root has no page.</summary>
internal sealed class PrefixNode(CacheScope scope, PrefixNode? parent, int page)
{
    public CacheScope Scope => scope;

    public PrefixNode? Parent => parent;

    public int Page => page;

    /// <summary>The digit under which the parent knows it.</summary>
    public PageDigit Digit { get; init; }

    public int Children { get; set; }

    /// <summary>Conversations whose path goes through it; never more than its parent has.</summary>
    public int Pins { get; set; }

    /// <summary>Time on the tree's own clock; never later than its parent's.</summary>
    public long LastUse { get; set; }

    /// <summary>Stands in the queue of leaves.</summary>
    public bool Queued { get; set; }
}

/// <summary>The 16 tokens of a page and the node they follow: equal only where the whole prefix is equal.</summary>
internal readonly struct PageDigit : IEquatable<PageDigit>
{
    private readonly PrefixNode _parent;
    private readonly PageText _tokens;
    private readonly int _hash;

    /// <param name="parent">What the page follows.</param>
    /// <param name="tokens">(16)</param>
    public PageDigit(PrefixNode parent, ReadOnlySpan<int> tokens)
    {
        _parent = parent;
        tokens[..StepPlan.PageTokens].CopyTo(_tokens);
        HashCode hash = default;
        hash.Add(System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(parent));
        hash.AddBytes(MemoryMarshal.AsBytes(tokens[..StepPlan.PageTokens]));
        _hash = hash.ToHashCode();
    }

    public bool Equals(PageDigit other) =>
        _hash == other._hash && ReferenceEquals(_parent, other._parent) && ((ReadOnlySpan<int>)_tokens).SequenceEqual(other._tokens);

    public override bool Equals(object? obj) => obj is PageDigit other && Equals(other);

    public override int GetHashCode() => _hash;

    [System.Runtime.CompilerServices.InlineArray(StepPlan.PageTokens)]
    private struct PageText
    {
        private int _first;
    }
}
