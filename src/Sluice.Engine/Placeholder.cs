namespace Sluice.Engine;
internal static class Placeholder;
