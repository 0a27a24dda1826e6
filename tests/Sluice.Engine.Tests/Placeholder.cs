namespace Sluice.Engine.Tests;
internal static class Placeholder;
