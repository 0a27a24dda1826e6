namespace Sluice.Tests.Cache;

/// <summary>Two texts, whether one answer may serve both, and the kind of difference between them.</summary>
internal sealed record LabelledPair(string Kind, bool Same, string First, string Second);
