/**
 * The transaction coordinator's APIs that need nothing but the coordinator: AddOffsetsToTxn, EndTxn,
 * DescribeTransactions, ListTransactions; and TxnOffsetCommit, which the group coordinator answers.
 */
import { addOffsetsToTxnRequest, addOffsetsToTxnResponse } from '../../protocol/messages/25-add-offsets-to-txn.ts';
import { endTxnRequest, endTxnResponse } from '../../protocol/messages/26-end-txn.ts';
import { txnOffsetCommitRequest, txnOffsetCommitResponse } from '../../protocol/messages/28-txn-offset-commit.ts';
import {
  describeTransactionsRequest,
  describeTransactionsResponse,
} from '../../protocol/messages/65-describe-transactions.ts';
import { listTransactionsRequest, listTransactionsResponse } from '../../protocol/messages/66-list-transactions.ts';
import { type Api, api } from '../api-handler.ts';
import { OFFSETS_TOPIC } from '../internal-topics.ts';
import { groupContext } from './group-apis.ts';

export const transactionApis: readonly Api[] = [
  api(addOffsetsToTxnRequest, addOffsetsToTxnResponse, (request, { apiVersion }, { transactions, groups }) =>
    transactions.addOffsetsToTxn(request, OFFSETS_TOPIC, groups.partitionFor(request.groupId), apiVersion),
  ),
  api(endTxnRequest, endTxnResponse, (request, { apiVersion }, { transactions }) =>
    transactions.endTxn(request, apiVersion),
  ),
  api(txnOffsetCommitRequest, txnOffsetCommitResponse, (request, context, { groups }) =>
    groups.txnOffsetCommit(request, groupContext(context)),
  ),
  api(describeTransactionsRequest, describeTransactionsResponse, (request, _, { transactions }) =>
    transactions.describeTransactions(request),
  ),
  api(listTransactionsRequest, listTransactionsResponse, (request, _, { transactions }) =>
    transactions.listTransactions(request),
  ),
];
