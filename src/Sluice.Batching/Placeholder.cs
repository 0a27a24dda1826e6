namespace Sluice.Batching;
internal static class Placeholder;
