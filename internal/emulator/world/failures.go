package world

// cause is one way in which an activity fails, in the words of the services behind ADF. The words that change from
// one time to the next stand in %{…} and are filled in by causeText: the same failure never reads quite the same, which
// is what a monitor has to cope with.
type cause struct {
	name        string
	kinds       []kind // activities it happens to
	errorCode   string // a numeric string, a word, or what the author of a Fail activity wrote
	failureType string // UserError or SystemError
	text        string
	detail      string  // of an SSIS package: OperationErrorMessages, the only place of the real cause
	slower      float64 // how much longer than usual the failing run takes, for time-outs; 0 = it fails before its usual end
	rare        bool    // happens in incidents only
}

const (
	userError   = "UserError"
	systemError = "SystemError"
)

// causes is the table of failures; runs hold an index into it.
func causes() []cause {
	database := []kind{kindCopy, kindLookup, kindScript}
	all := storageCauses()
	all = append(all, computeCauses()...)
	return append(
		all,
		cause{
			name: "sqlUnreachable", kinds: database, errorCode: "2200", failureType: userError, rare: true,
			text: "ErrorCode=SqlFailedToConnect,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=Cannot connect to SQL Database. " +
				"Please contact SQL server team for further support. Server: '%{server}', Database: '%{database}', User: 'adf_loader'. Check the linked service configuration " +
				"is correct, and make sure the SQL Database firewall allows the integration runtime to access.,Source=Microsoft.DataTransfer.Connectors.MSSQL," +
				"''Type=Microsoft.Data.SqlClient.SqlException,Message=Database '%{database}' on server '%{serverName}' is not currently available.  Please retry the connection later.  " +
				"If the problem persists, contact customer support, and provide them the session tracing ID of '%{GUID}'.,Source=Core Microsoft SqlClient Data Provider," +
				"SqlErrorNumber=40613,Class=20,ErrorCode=-2146232060,State=1,Errors=[{Class=20,Number=40613,State=1,Message=Database '%{database}' on server '%{serverName}' is not currently available.,},],'",
		},
		cause{
			name: "sqlLogin", kinds: database, errorCode: "2200", failureType: userError,
			text: "ErrorCode=SqlFailedToConnect,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=Cannot connect to SQL Database. Server: '%{server}', " +
				"Database: '%{database}', User: 'adf_loader'.,Source=Microsoft.DataTransfer.Connectors.MSSQL,''Type=Microsoft.Data.SqlClient.SqlException,Message=Cannot open server '%{serverName}' " +
				"requested by the login. Client with IP address '%{ip}' is not allowed to access the server.,Source=Core Microsoft SqlClient Data Provider,SqlErrorNumber=40615,Class=14,ErrorCode=-2146232060,State=1,'",
		},
		cause{
			name: "sqlInvalidColumn", kinds: database, errorCode: "2200", failureType: userError,
			text: "Failure happened on 'Source' side. ErrorCode=SqlOperationFailed,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=A database operation failed " +
				"with the following error: 'Invalid column name 'channel_id'.',Source=,''Type=Microsoft.Data.SqlClient.SqlException,Message=Invalid column name 'channel_id'.," +
				"Source=Core Microsoft SqlClient Data Provider,SqlErrorNumber=207,Class=16,ErrorCode=-2146232060,State=1,Errors=[{Class=16,Number=207,State=1,Message=Invalid column name 'channel_id'.,},],'",
		},
		cause{
			name: "sqlInvalidObject", kinds: database, errorCode: "2100", failureType: userError,
			text: "A database operation failed with the following error: 'Invalid object name '%{table}'.'\nInvalid object name '%{table}'., SqlErrorNumber=208,Class=16,State=1, \nActivity ID: %{guid}",
		},
		cause{
			name: "sqlTimeout", kinds: []kind{kindCopy, kindLookup}, errorCode: "2200", failureType: userError, slower: 2.6,
			text: "Failure happened on 'Sink' side. ErrorCode=SqlOperationFailed,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=A database operation failed " +
				"with the following error: 'Execution Timeout Expired.  The timeout period elapsed prior to completion of the operation or the server is not responding.',Source=," +
				"''Type=Microsoft.Data.SqlClient.SqlException,Message=Execution Timeout Expired.,Source=Core Microsoft SqlClient Data Provider,SqlErrorNumber=-2,Class=11,ErrorCode=-2146232060,State=0,'",
		},
		cause{
			name: "deadlock", kinds: []kind{kindProcedure, kindScript}, errorCode: "2402", failureType: userError,
			text: "Execution fail against sql server. Sql error number: 1205. Error Message: Transaction (Process ID %{small}) was deadlocked on lock | communication buffer resources with another process " +
				"and has been chosen as the deadlock victim. Rerun the transaction.",
		},
		cause{
			name: "duplicateKey", kinds: []kind{kindProcedure, kindScript}, errorCode: "2402", failureType: userError,
			text: "Execution fail against sql server. Sql error number: 2627. Error Message: Violation of PRIMARY KEY constraint 'PK_%{activity}'. Cannot insert duplicate key in object '%{table}'. " +
				"The duplicate key value is (%{big}, %{day}).\nThe statement has been terminated.",
		},
		cause{
			name: "overflow", kinds: []kind{kindProcedure}, errorCode: "2402", failureType: userError,
			text: "Execution fail against sql server. Sql error number: 8115. Error Message: Arithmetic overflow error converting numeric to data type numeric.\nThe statement has been terminated.",
		},
		cause{
			name: "restThrottled", kinds: []kind{kindWeb}, errorCode: "2108", failureType: userError,
			text: "{\"error\":{\"code\":\"429\",\"message\":\"Rate limit is exceeded. Try again in %{small} seconds.\",\"partner\":\"%{choice}\",\"requestId\":\"%{guid}\"}}",
		},
		cause{
			name: "restServerError", kinds: []kind{kindWeb}, errorCode: "2108", failureType: userError,
			text: "{\"type\":\"https://tools.ietf.org/html/rfc9110#section-15.6.1\",\"title\":\"An error occurred while processing your request.\",\"status\":500,\"traceId\":\"00-%{hex32}-%{hex16}-00\"}",
		},
		cause{
			name: "badGatewayPage", kinds: []kind{kindWeb}, errorCode: "2108", failureType: userError,
			text: "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>Microsoft-Azure-Application-Gateway/v2</center>\r\n</body>\r\n</html>\r\n",
		},
		cause{
			name: "tokenSecretExpired", kinds: []kind{kindWeb}, errorCode: "2108", failureType: userError, rare: true,
			text: "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000222: The provided client secret keys for app '%{app}' are expired. Visit the Azure portal to create new keys for your app: " +
				"https://aka.ms/NewClientSecret, or consider using certificate credentials for added security. Trace ID: %{guid} Correlation ID: %{guid} Timestamp: %{timeISO}\",\"error_codes\":[7000222]}",
		},
		cause{
			name: "webUnreachable", kinds: []kind{kindWeb}, errorCode: "2108", failureType: userError,
			text: "Error calling the endpoint '%{url}'. Response status code: 'NA - Unknown'. More details: Exception message: 'NA - Unknown [ClientSideException] A connection attempt failed because the " +
				"connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond. (%{ip}:443)'.\r\nNo response from the endpoint. " +
				"Possible causes: network connectivity, DNS failure, server certificate validation or timeout.",
		},
		cause{
			name: "functionFailed", kinds: []kind{kindFunction}, errorCode: "3608", failureType: userError,
			text: "Call to provided Azure function '%{about}' failed with status-'InternalServerError' and message - '{\"statusCode\":500,\"message\":\"Object reference not set to an instance of an object.\",\"invocationId\":\"%{guid}\"}'.",
		},
		cause{
			name: "functionCold", kinds: []kind{kindFunction}, errorCode: "3600", failureType: systemError,
			text: "Call to provided Azure function '%{about}' failed with status-'ServiceUnavailable' and message - 'The service is unavailable.'. Activity ID: %{guid}.",
		},
		cause{
			name: "checkFailed", kinds: []kind{kindFail}, errorCode: "NH-DQ-01", failureType: userError,
			text: "Check %{activity} found a %{about}: %{big} rows against %{big2} expected on %{day}.",
		},
		cause{
			name: "hookTimeout", kinds: []kind{kindWebHook}, errorCode: "WebHookTimeout", failureType: userError, slower: 1.6,
			text: "The request timed out: '%{url}' did not call back within 00:10:00. Activity ID: %{guid}.",
		},
		cause{
			name: "taskExit", kinds: []kind{kindCustom}, errorCode: "2500", failureType: userError,
			text: "Hit unexpected exception and execution failed. The task '%{guid}' in pool 'pool-adf' ended with exit code %{small}; see stderr.txt in the output folder.",
		},
		cause{
			name: "livySession", kinds: []kind{kindSynapse}, errorCode: "6002", failureType: userError,
			text: "Notebook execution failed at Synapse with http status code - '200', error code - 'LIVY_JOB_STATE_DEAD', message - 'Livy session has failed. Session state: Dead. Error code: LIVY_JOB_STATE_DEAD. " +
				"[(%{big})] Container from a bad node: container_%{big2}_0001 on host vm-%{hex16}. Exit status: 137.'.",
		},
	)
}

func storageCauses() []cause {
	return []cause{
		{
			name: "lakeForbidden", kinds: []kind{kindCopy, kindGetMetadata, kindDelete, kindValidation}, errorCode: "2200", failureType: userError, rare: true,
			text: "ErrorCode=AdlsGen2OperationFailed,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=ADLS Gen2 operation failed for: Operation returned an invalid status code 'Forbidden'. " +
				"Account: '%{storage}'. FileSystem: 'raw'. Path: '%{path}'. ErrorCode: 'AuthorizationPermissionMismatch'. Message: 'This request is not authorized to perform this operation using this permission.'. " +
				"RequestId: '%{guid}'. TimeStamp: '%{timeRFC}'..,Source=Microsoft.DataTransfer.ClientLibrary,''Type=Microsoft.Azure.Storage.Data.Models.ErrorSchemaException,Message=Operation returned an invalid status code 'Forbidden',Source=Microsoft.DataTransfer.ClientLibrary,'",
		},
		{
			name: "pathMissing", kinds: []kind{kindCopy, kindGetMetadata, kindDelete}, errorCode: "2200", failureType: userError,
			text: "ErrorCode=AdlsGen2OperationFailed,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=ADLS Gen2 operation failed for: Operation returned an invalid status code 'NotFound'. " +
				"Account: '%{storage}'. FileSystem: 'raw'. Path: '%{path}'. ErrorCode: 'PathNotFound'. Message: 'The specified path does not exist.'. RequestId: '%{guid}'. TimeStamp: '%{timeRFC}'..,Source=Microsoft.DataTransfer.ClientLibrary,'",
		},
		{
			name: "moreColumns", kinds: []kind{kindCopy}, errorCode: "2200", failureType: userError,
			text: "ErrorCode=DelimitedTextMoreColumnsThanDefined,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=Error found when processing 'Csv/Tsv Format Text' source '%{path}' " +
				"with row number %{big}: found more columns than expected column count %{small}.,Source=Microsoft.DataTransfer.Common,'",
		},
		{
			name: "typeConversion", kinds: []kind{kindCopy}, errorCode: "2200", failureType: userError,
			text: "ErrorCode=TypeConversionFailure,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=Exception occurred when converting value '%{big},%{small}' for column name 'amount' " +
				"from type 'String' (precision:, scale:) to type 'Decimal' (precision:28, scale:12). Additional info: Input string was not in a correct format.,Source=Microsoft.DataTransfer.Common,'",
		},
		{
			name: "runtimeOffline", kinds: []kind{kindCopy, kindSSIS}, errorCode: "2106", failureType: userError, rare: true,
			text: "The Self-hosted Integration Runtime 'shir-%{onPremises}' is offline, the last connection time is '%{timeUS}'. Activity ID: %{guid}.",
		},
		{
			name: "onPremisesGerman", kinds: []kind{kindCopy}, errorCode: "2200", failureType: userError, rare: true,
			text: "ErrorCode=SqlFailedToConnect,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=Cannot connect to SQL Server: '%{onPremises}', Database: '%{database}', User: 'adf'.,Source=Microsoft.DataTransfer.Connectors.MSSQL," +
				"''Type=System.Data.SqlClient.SqlException,Message=Netzwerkbezogener oder instanzspezifischer Fehler beim Herstellen einer Verbindung mit SQL Server. Der Server wurde nicht gefunden, oder auf ihn kann nicht zugegriffen werden. " +
				"(provider: TCP Provider, error: 0 - Der angegebene Netzwerkname ist nicht mehr verfügbar.),Source=.Net SqlClient Data Provider,SqlErrorNumber=64,Class=20,ErrorCode=-2146232060,State=0,'",
		},
		{
			name: "copyTimeout", kinds: []kind{kindCopy}, errorCode: "2100", failureType: userError, slower: 4.5,
			text: "The activity '%{activity}' did not complete within its timeout of 0.02:00:00 and was stopped after %{percent} percent of the data had been written. Activity ID: %{guid}.",
		},
		{
			name: "fileChecked", kinds: []kind{kindValidation}, errorCode: "2001", failureType: userError, slower: 1.8,
			text: "Validation of '%{path}' timed out: the file did not arrive.",
		},
	}
}

func computeCauses() []cause {
	notebooks := []kind{kindNotebook}
	const page = " For more details please check the run page url: https://%{databricks}/?o=%{workspace}#job/%{big}/run/%{big2}"
	return []cause{
		{
			name: "notebookFailed", kinds: notebooks, errorCode: "3204", failureType: userError,
			text: "Databricks execution failed with error state: InternalError, error message: Workload failed, see run output for details." + page,
		},
		{
			name: "notebookAssertion", kinds: notebooks, errorCode: "3204", failureType: userError,
			text: "Databricks execution failed with error state: Terminated, error message: AssertionError: expected at least %{big} rows in silver.%{notebook}, found 0." + page,
		},
		{
			name: "clusterLaunch", kinds: notebooks, errorCode: "3202", failureType: userError, rare: true,
			text: "Databricks execution failed with error state: InternalError, error message: Unexpected failure while waiting for the cluster (%{small4}-%{clock}-%{letters}) to be ready: Cluster " +
				"%{small4}-%{clock}-%{letters} is in unexpected state Terminated: CLOUD_PROVIDER_LAUNCH_FAILURE(CLOUD_FAILURE): azure_error_code:OperationNotAllowed,azure_error_message:Operation could not be completed as it results in " +
				"exceeding approved standardDSv2Family Cores quota. Current Limit: 200, Current Usage: %{percent}, Additional Required: 64." + page,
		},
		{
			name: "flowOutOfMemory", kinds: []kind{kindDataFlow}, errorCode: "DF-Executor-OutOfMemorySparkError", failureType: userError,
			text: "{\"StatusCode\":\"DF-Executor-OutOfMemorySparkError\",\"Message\":\"Job failed due to reason: Cluster ran into out of memory issue during execution, please retry using an integration runtime with bigger core count " +
				"and/or memory optimized compute type\",\"Details\":\"at Sink 'sinkFact' (Line %{small}/Col %{small2}), run %{guid}\"}",
		},
		{
			name: "flowColumn", kinds: []kind{kindDataFlow}, errorCode: "DF-Executor-ColumnUnavailable", failureType: userError,
			text: "{\"StatusCode\":\"DF-Executor-ColumnUnavailable\",\"Message\":\"Job failed due to reason: at Derive 'deriveKeys'(Line %{small}/Col %{small2}): Column 'valid_from' not found. The stream is either not connected or column is unavailable\",\"Details\":\"\"}",
		},
		{
			name: "packageFailed", kinds: []kind{kindSSIS}, errorCode: "2906", failureType: userError,
			text: "Package execution failed.",
			detail: "%{timeUS} +00:00 : Load Ledger:Error: SSIS Error Code DTS_E_OLEDBERROR.  An OLE DB error has occurred. Error code: 0x80004005.\n" +
				"%{timeUS} +00:00 : Load Ledger:Error: The \"OLE DB Destination.Inputs[OLE DB Destination Input]\" failed because truncation occurred on column \"remark\" at row %{big}.\n",
		},
	}
}
