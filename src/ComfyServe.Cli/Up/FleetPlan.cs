namespace ComfyServe.Cli.Up;

/// <summary>What <c>up</c> starts.</summary>
/// <param name="Host">Address of the API service, the gateway and the worker; the engine listens on this machine only.</param>
/// <param name="Data">The data folder, or null for the usual one.</param>
/// <param name="EnginePort">Port of the engine.</param>
/// <param name="ApiPort">Port of the API service.</param>
/// <param name="GatewayPort">Port of the gateway.</param>
/// <param name="WorkerPort">Port of the worker.</param>
/// <param name="EngineMemory">Bytes of memory above which the engine is started again, or null.</param>
internal sealed record FleetPlan(string Host, string? Data, int EnginePort, int ApiPort, int GatewayPort, int WorkerPort, long? EngineMemory);
