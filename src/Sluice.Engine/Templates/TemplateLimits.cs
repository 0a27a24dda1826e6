namespace Sluice.Engine.Templates;

/// <summary>What one rendering may spend. Going over is a <see cref="TemplateException"/> that names the limit.</summary>
public sealed record TemplateLimits
{
    public static TemplateLimits Default { get; } = new();

    /// <summary>Passes through the bodies of all loops together.</summary>
    public int LoopIterations { get; init; } = 10_000;

    /// <summary>Expressions and statements evaluated, and elements given to filters.</summary>
    public int Evaluations { get; init; } = 100_000;

    /// <summary>Longest text, in UTF-16 units: of the output and of every value on the way.</summary>
    public int TextLength { get; init; } = 4 << 20;

    /// <summary>
    /// Characters copied or searched by all operations together; an element of a new list counts 64. Templates that are in use copy and search a content six or seven
    /// times: this is enough for some five million characters of it.
    /// </summary>
    public long Work { get; init; } = 32L << 20;

    /// <summary>Macros that are being called at one time.</summary>
    public int MacroDepth { get; init; } = 50;

    /// <summary>Expressions, statements and values nested in one another while rendering.</summary>
    public int Depth { get; init; } = 1_000;
}
