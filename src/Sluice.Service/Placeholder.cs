namespace Sluice.Service;
internal static class Placeholder;
