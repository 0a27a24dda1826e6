namespace Sluice.Engine.Templates;

/// <summary>A piece of a rendered prompt. Neighbours differ in <paramref name="IsContent"/>, and none is empty.</summary>
/// <param name="Text">The characters.</param>
/// <param name="IsContent">True for what came out of messages, tools or arguments: encoded with special tokens off.</param>
public readonly record struct TemplateSegment(string Text, bool IsContent);
