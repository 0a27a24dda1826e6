namespace Sluice.Tests;
internal static class Placeholder;
