namespace Sluice.Integration.Tests;
internal static class Placeholder;
