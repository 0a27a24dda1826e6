using System.Runtime.CompilerServices;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Running;

/// <summary>One rendering: what it has spent of its budget, and where in the template it stands.</summary>
internal sealed class RenderRun(string where, TemplateLimits limits, TimeProvider time)
{
    private const int WorkPerItem = 64;
    private const int NeedlePerUnit = 32;

    private int _evaluations;
    private int _iterations;
    private int _depth;
    private int _macros;
    private long _work;

    /// <summary>Line of the construct being evaluated.</summary>
    public int Line { get; set; }

    public TimeProvider Time => time;

    public int LongestText => limits.TextLength;

    public TextBuilder NewText() => new(this);

    public TemplateException Fail(string what) => new(where, Line, what);

    public void Evaluate()
    {
        if (++_evaluations > limits.Evaluations)
            throw Fail($"rendering takes more than {limits.Evaluations} evaluations");
    }

    public void Iterate()
    {
        if (++_iterations > limits.LoopIterations)
            throw Fail($"rendering takes more than {limits.LoopIterations} passes through loops");
    }

    /// <summary>One level of nesting more; <see cref="Leave"/> follows unless the rendering ends with an error.</summary>
    public void Enter()
    {
        if (++_depth > limits.Depth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Fail($"nested more than {limits.Depth} deep");
    }

    public void Leave() => _depth--;

    public void EnterMacro()
    {
        if (++_macros > limits.MacroDepth)
            throw Fail($"more than {limits.MacroDepth} macros call one another");
    }

    public void LeaveMacro() => _macros--;

    /// <summary>Pays for characters copied or looked at.</summary>
    public void Charge(long characters)
    {
        _work += characters;
        if (_work > limits.Work)
            throw Fail($"rendering copies and searches more than {limits.Work} characters");
    }

    public void ChargeItems(long count) => Charge(count * WorkPerItem);

    /// <summary>Pays for a search, which may compare a long needle at every place.</summary>
    public void ChargeSearch(int text, int needle) => Charge((long)text * (1 + needle / NeedlePerUnit) + 1);

    /// <summary>Refuses a text before it is built.</summary>
    public void RequireLength(long length)
    {
        if (length > limits.TextLength)
            throw Fail($"a text is longer than {limits.TextLength} characters");
    }
}
