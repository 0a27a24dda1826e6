namespace Sluice.Engine.Templates.Values;

/// <summary>What an expression can be: one of the sealed kinds of this folder, and no object of the host.</summary>
internal abstract class Value
{
    public abstract bool IsTrue { get; }

    /// <summary>How errors call the kind, with its article.</summary>
    public abstract string Kind { get; }
}

/// <summary>A name, key or attribute that is not there. Prints as nothing; most operations refuse it.</summary>
/// <param name="what">What was not found, in words of the template.</param>
internal sealed class UndefinedValue(string what) : Value
{
    public override bool IsTrue => false;

    public override string Kind => $"undefined ({what})";
}

internal sealed class NoneValue : Value
{
    public static readonly NoneValue None = new();

    public override bool IsTrue => false;

    public override string Kind => "none";
}

internal sealed class BoolValue : Value
{
    public static readonly BoolValue True = new();
    public static readonly BoolValue False = new();

    public override bool IsTrue => this == True;

    public override string Kind => "a boolean";

    public static BoolValue Of(bool value) => value ? True : False;
}

/// <param name="isContent">Whether its digits, when printed, are content.</param>
internal sealed class IntValue(long number, bool isContent = false) : Value
{
    public long Number => number;

    public bool IsContent => isContent;

    public override bool IsTrue => number != 0;

    public override string Kind => "an integer";
}

/// <param name="isContent">Whether its digits, when printed, are content.</param>
internal sealed class FloatValue(double number, bool isContent = false) : Value
{
    public double Number => number;

    public bool IsContent => isContent;

    public override bool IsTrue => number != 0;

    public override string Kind => "a float";
}
